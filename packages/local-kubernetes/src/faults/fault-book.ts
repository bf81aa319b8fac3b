/** Which faults are on, and which of them hit the request at hand. */
import type { Target } from "../api/target.ts";
import {
  describeIssues,
  type Fault,
  type FaultInput,
  type FaultName,
  type FaultOf,
  faultList,
} from "./fault-schema.ts";
import { isLike } from "./glob.ts";

interface Entry {
  readonly fault: Fault;
  /** Hits left, where the fault is counted. */
  left: number | undefined;
}

export class FaultBook {
  #entries: Entry[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Replaces all faults. Throws a TypeError that names the bad member. */
  set(faults: readonly FaultInput[]): void {
    const parsed = faultList.safeParse(faults);
    if (!parsed.success) throw new TypeError(describeIssues(parsed.error));
    this.#entries = parsed.data.map((fault) => ({ fault, left: fault.count }));
  }

  clear(): void {
    this.#entries = [];
  }

  /** Those that are on, each with the count that is left. */
  list(): Fault[] {
    return this.#entries.map(({ fault, left }) =>
      left === undefined ? fault : { ...fault, count: left },
    );
  }

  /** Those of these names that hit, in the order they were set. Each loses a hit when it is taken, and not before. */
  *strike<N extends FaultName>(names: readonly N[], target: Target): Generator<FaultOf<N>, void> {
    for (const entry of [...this.#entries]) {
      const { fault } = entry;
      if (!isOf(fault, names) || !aims(fault, target)) continue;
      if (fault.rate !== undefined && this.#random() >= fault.rate) continue;
      this.#spend(entry);
      yield fault;
    }
  }

  #spend(entry: Entry): void {
    if (entry.left === undefined) return;
    entry.left--;
    if (entry.left === 0) this.#entries = this.#entries.filter((other) => other !== entry);
  }
}

const isOf = <N extends FaultName>(fault: Fault, names: readonly N[]): fault is FaultOf<N> =>
  names.some((name) => name === fault.fault);

function aims({ verb, kind, name }: Fault, target: Target): boolean {
  if (verb !== "*" && verb !== target.verb) return false;
  if (kind !== "*" && kind !== target.kind) return false;
  return name === undefined || isLike(name, target.name ?? "");
}
