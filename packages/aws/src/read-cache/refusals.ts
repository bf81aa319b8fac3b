/** What AWS has refused of late: such as names that nobody has, however many are asked for. */
import { ProblemError } from "@airlock/contract";
import { LRUCache } from "lru-cache";

const MAX_REFUSALS = 1000;

/** Told from memory: AWS was not asked. */
export class RememberedRefusal extends ProblemError {
  constructor({ code, message, status, headers, cause }: ProblemError) {
    super(code, message, { status, headers, cause });
  }
}

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

  /** @throws RememberedRefusal if it is younger than this. */
  throwIfYounger(key: string, limitMs: number): void {
    const refusal = this.#byKey.get(key);
    if (refusal && this.#now() - refusal.at < limitMs) throw new RememberedRefusal(refusal.problem);
  }
}
