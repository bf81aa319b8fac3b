/** Calls to SSM within the budget: first a turn is waited for, then the call is made. */
import type { SSMClient } from "@aws-sdk/client-ssm";
import type { AwsCaller, CallLimits } from "../caller.ts";
import type { AwsOperation } from "../observed-call.ts";
import type { Session } from "../session.ts";
import type { Budget, Priority } from "./budget.ts";

/**
 * With `TURN_MS` before it shorter than the 2.5 s after which the gateway gives up on a value. The
 * queue is short since the budget lets few calls through to it.
 */
const LIMITS: CallLimits = { queueMs: 300, workMs: 1200 };
/** Longest wait of a single value for its turn, the time in which a batch gathers included. */
export const TURN_MS = 800;
/** Longest wait for all pages of a list; shorter than the 24.5 s after which the gateway gives up. */
export const LIST_WAIT_MS = 22_000;
/** A second attempt with less time than this is in vain. */
const LEAST_WORK_MS = 200;

export interface Turn {
  readonly priority: Priority;
  /** Who waits for it; owners take turns. */
  readonly owner: string;
  /** Longest wait in milliseconds; default for ever. */
  readonly limitMs?: number | undefined;
}

export interface SsmCallsOptions {
  readonly ssm: SSMClient;
  readonly call: AwsCaller;
  readonly budget: Budget;
  readonly session: Session;
  readonly now: () => number;
}

export type SsmWork<T> = (ssm: SSMClient, abortSignal: AbortSignal) => Promise<T>;

export class SsmCalls {
  readonly #options: SsmCallsOptions;

  constructor(options: SsmCallsOptions) {
    this.#options = options;
  }

  /** Waits for a turn. @throws ProblemError aws_budget_exhausted */
  async turn({ priority, owner, limitMs }: Turn): Promise<void> {
    const { budget, session } = this.#options;
    // what cannot be signed is refused before it is sent, and so costs nothing
    if (session.canSign()) await budget.acquire(priority, owner, limitMs);
  }

  /**
   * Makes a call whose turn has come. A throttled one is made once more, at the next turn: the SDK
   * does not try that again by itself.
   *
   * @throws ProblemError
   */
  async make<T>(operation: AwsOperation, turn: Turn, work: SsmWork<T>): Promise<T> {
    const { now } = this.#options;
    const endsAt = now() + LIMITS.workMs;
    try {
      return await this.#attempt(operation, LIMITS.workMs, work);
    } catch (problem) {
      if (!isThrottled(problem) || attemptsOf(problem) > 1) throw problem;
      const limitMs = endsAt - now() - LEAST_WORK_MS;
      const isTurn = await this.turn({ ...turn, limitMs }).then(
        () => true,
        () => false,
      );
      if (!isTurn) throw problem;
      return this.#attempt(operation, Math.max(endsAt - now(), LEAST_WORK_MS), work);
    }
  }

  /** A turn and its call. @throws ProblemError */
  async inTurn<T>(operation: AwsOperation, turn: Turn, work: SsmWork<T>): Promise<T> {
    await this.turn(turn);
    return this.make(operation, turn, work);
  }

  /** Milliseconds until this owner would have made so many calls more. */
  estimateMs(owner: string, calls: number): number {
    const { budget, session } = this.#options;
    return session.canSign() ? budget.estimateMs(owner, calls) : 0;
  }

  async #attempt<T>(operation: AwsOperation, workMs: number, work: SsmWork<T>): Promise<T> {
    const { ssm, call, budget } = this.#options;
    try {
      return await call(operation, { ...LIMITS, workMs }, {}, (signal) => work(ssm, signal));
    } catch (problem) {
      if (isThrottled(problem)) budget.throttled();
      throw problem;
    }
  }
}

const isThrottled = (problem: unknown): boolean =>
  (problem as { code?: unknown }).code === "aws_throttled";

/** How often the SDK has made the call. */
function attemptsOf(problem: unknown): number {
  const { cause } = problem as { cause?: { $metadata?: { attempts?: number } } };
  return cause?.$metadata?.attempts ?? 1;
}
