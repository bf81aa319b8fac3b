/** What AWS has refused of late: such as names that nobody has, however many are asked for. */
import type { ProblemError } from "@airlock/contract";
import { LRUCache } from "lru-cache";

const MAX_REFUSALS = 1000;

/** Kept apart from the values, so that names nobody has cannot push those out. */
export class Refusals {
  readonly #byKey = new LRUCache<string, { problem: ProblemError; at: number }>({
    max: MAX_REFUSALS,
  });
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  note(key: string, problem: ProblemError): void {
    this.#byKey.set(key, { problem, at: this.#now() });
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }

  /** @throws ProblemError the refusal, if it is younger than this. */
  throwIfYounger(key: string, limitMs: number): void {
    const refusal = this.#byKey.get(key);
    if (refusal && this.#now() - refusal.at < limitMs) throw refusal.problem;
  }
}
