/** Calls to SSM within their budgets: first a turn is waited for, then the call is made. */
import type { SSMClient } from "@aws-sdk/client-ssm";
import type { AwsCaller } from "../caller.ts";
import { CLASSES, type ClassRules, LEAST_WORK_MS, sendOptions } from "../classes.ts";
import type { AwsOperation } from "../observed-call.ts";
import type { Session } from "../session.ts";
import type { Budget, BudgetClass } from "./budget.ts";

export interface Turn {
  readonly class: BudgetClass;
  /** Who waits for it; owners of a class take turns. */
  readonly owner: string;
  /** Whose call it is, for his share of the lane; undefined for what is done for several. */
  readonly caller?: string | undefined;
  /** Longest wait in milliseconds; default for ever. */
  readonly limitMs?: number | undefined;
}

/** SSM counts calls that give values, and those that describe, apart. */
export interface Budgets {
  readonly values: Budget;
  readonly lists: Budget;
}

export interface SsmCallsOptions {
  readonly ssm: SSMClient;
  readonly call: AwsCaller;
  readonly budgets: Budgets;
  readonly session: Session;
  readonly now: () => number;
}

export type SsmWork<T> = (ssm: SSMClient, options: ReturnType<typeof sendOptions>) => Promise<T>;

export class SsmCalls {
  readonly #options: SsmCallsOptions;

  constructor(options: SsmCallsOptions) {
    this.#options = options;
  }

  /** Waits for a turn. @throws ProblemError aws_budget_exhausted */
  async turn(turn: Turn): Promise<void> {
    // what cannot be signed is refused before it is sent, and so costs nothing
    if (!this.#options.session.canSign()) return;
    await this.#budgetOf(turn.class).acquire(turn.class, turn.owner, turn.limitMs);
  }

  /**
   * Makes a call whose turn has come. A throttled one is made once more, at the next turn: the SDK
   * does not try that again by itself.
   *
   * @throws ProblemError
   */
  async make<T>(operation: AwsOperation, turn: Turn, work: SsmWork<T>): Promise<T> {
    const { now } = this.#options;
    const { workMs } = CLASSES[turn.class];
    const endsAt = now() + workMs;
    try {
      return await this.#attempt(operation, turn, workMs, work);
    } catch (problem) {
      if (!isThrottled(problem) || attemptsOf(problem) > 1) throw problem;
      const limitMs = endsAt - now() - LEAST_WORK_MS;
      const isTurn = await this.turn({ ...turn, limitMs }).then(
        () => true,
        () => false,
      );
      if (!isTurn) throw problem;
      return this.#attempt(operation, turn, Math.max(endsAt - now(), LEAST_WORK_MS), work);
    }
  }

  /** A turn and its call. @throws ProblemError */
  async inTurn<T>(operation: AwsOperation, turn: Turn, work: SsmWork<T>): Promise<T> {
    await this.turn(turn);
    return this.make(operation, turn, work);
  }

  /** Milliseconds until this owner would have made so many calls more. */
  estimateMs(turn: Turn, calls: number): number {
    if (!this.#options.session.canSign()) return 0;
    return this.#budgetOf(turn.class).estimateMs(turn.class, turn.owner, calls);
  }

  #budgetOf(name: BudgetClass): Budget {
    const { values, lists } = this.#options.budgets;
    return name === "list" ? lists : values;
  }

  async #attempt<T>(
    operation: AwsOperation,
    turn: Turn,
    workMs: number,
    work: SsmWork<T>,
  ): Promise<T> {
    const { ssm, call } = this.#options;
    const rules: ClassRules = { ...CLASSES[turn.class], workMs };
    try {
      return await call(operation, rules, { caller: turn.caller }, (signal) =>
        work(ssm, sendOptions(rules, signal)),
      );
    } catch (problem) {
      if (isThrottled(problem)) this.#budgetOf(turn.class).throttled();
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
