/** How the SDK tries calls to SSM again: within the budget. */
import type { RetryErrorInfo, StandardRetryToken } from "@smithy/types";
import { RetryStrategy } from "../retry-strategy.ts";

export class BudgetedRetries extends RetryStrategy {
  readonly #spend: () => void;

  /** @param spend counts one call more. */
  constructor(spend: () => void) {
    super();
    this.#spend = spend;
  }

  override async refreshRetryTokenForRetry(
    token: StandardRetryToken,
    error: RetryErrorInfo,
  ): Promise<StandardRetryToken> {
    if (error.errorType === "THROTTLING") throw new Error("it has to wait for its next turn");
    const next = await super.refreshRetryTokenForRetry(token, error);
    this.#spend();
    return next;
  }
}
