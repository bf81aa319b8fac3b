/** The rollout as it stands: how many take the new route, and the step back when a gate fails. */
import type { Witness } from "../upstream/upstream.ts";
import { Choice, type RolloutBy, Tally } from "./choice.ts";
import { Gates, type Seen, type Verdict } from "./gates.ts";

/** How often the gates are looked at. */
export const LOOK_MS = 5000;

/** What somebody has asked for. */
export interface Wish {
  /** From 0 to 100. */
  readonly percentage: number;
  readonly salt: string;
  readonly source: "environment" | "file";
}

export interface RolloutListener {
  /** A wish holds from now on. */
  asked(wish: Wish): void;
  steppedBack(verdict: Verdict, wish: Wish): void;
  /** Between two looks. */
  traffic(counts: { readonly sent: number; readonly succeeded: number }): void;
}

export interface RolloutOptions {
  readonly by: RolloutBy;
  /** What the new route may take longer without being slow. */
  readonly allowedExtraMs: number;
  /** False where there is no other route: then nothing is judged. */
  readonly hasWayBack: boolean;
  /** False while nobody can take the new route yet, which does not tell against it. */
  readonly isOpen?: (() => boolean) | undefined;
  readonly listener: RolloutListener;
  /** Hears of each failure of the new route. */
  readonly failures?: Pick<Witness, "failed" | "fellBack">;
  /** Never goes backwards. */
  readonly nowMs?: () => number;
  readonly random?: () => number;
}

/** Of one process: each judges by its own requests, and steps back for itself. */
export class Rollout {
  readonly choice: Choice;
  readonly executionApi: Tally;
  readonly direct = new Tally();
  readonly #options: RolloutOptions;
  readonly #gates: Gates;
  readonly #nowMs: () => number;
  readonly #failed = { direct: 0, executionApi: 0 };
  #wish: Wish;
  #verdict: Verdict | undefined;

  constructor(wish: Wish, options: RolloutOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.executionApi = new Tally(options.failures);
    this.choice = new Choice(options.by, options.random, options.isOpen);
    this.#gates = new Gates(options.allowedExtraMs);
    this.#wish = wish;
    this.ask(wish);
  }

  get wish(): Wish {
    return this.#wish;
  }

  /** Why it has stepped back; undefined while it has not. */
  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  get seen(): Seen {
    return this.#gates.seen;
  }

  /** Since the process began. */
  get failures(): { readonly direct: number; readonly executionApi: number } {
    return {
      direct: this.#failed.direct + this.direct.failures,
      executionApi: this.#failed.executionApi + this.executionApi.failures,
    };
  }

  /** From now on; whatever was judged before is forgotten. */
  ask(wish: Wish): void {
    this.#wish = wish;
    this.#verdict = undefined;
    this.#countFailures();
    this.#gates.clear();
    this.executionApi.clear();
    this.direct.clear();
    this.choice.salt = wish.salt;
    this.choice.percentage = wish.percentage;
    this.#options.listener.asked(wish);
  }

  /** To be called every LOOK_MS. */
  look(): void {
    const { hasWayBack, listener } = this.#options;
    const { requests, failures } = this.executionApi;
    if (requests > 0) listener.traffic({ sent: requests, succeeded: requests - failures });
    this.#countFailures();
    const verdict = this.#gates.look(this.#nowMs(), this.executionApi, this.direct);
    if (verdict === undefined || !hasWayBack || this.#verdict !== undefined) return;
    this.#verdict = verdict;
    this.choice.percentage = 0;
    listener.steppedBack(verdict, this.#wish);
  }

  /** Before the tallies begin anew. */
  #countFailures(): void {
    this.#failed.direct += this.direct.failures;
    this.#failed.executionApi += this.executionApi.failures;
  }
}
