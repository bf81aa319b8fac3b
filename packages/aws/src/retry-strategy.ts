/** How the SDK tries again: once, always when that makes sense. */
import { StandardRetryStrategy } from "@smithy/core/retry";
import type { RetryErrorInfo, StandardRetryToken } from "@smithy/types";

/**
 * The SDK's own strategy without its quota, which a minute of failures uses up: from then on first
 * failures would be final. What the quota protects AWS from, the bulkhead does here: no more calls run
 * at once, however often they are repeated.
 */
export class RetryStrategy extends StandardRetryStrategy {
  constructor() {
    super(2);
  }

  override async refreshRetryTokenForRetry(
    token: StandardRetryToken,
    error: RetryErrorInfo,
  ): Promise<StandardRetryToken> {
    const next = await super.refreshRetryTokenForRetry(token, error);
    super.recordSuccess(next); // gives back what the retry has cost
    return next;
  }
}
