/** Every call to AWS goes through here: queue, deadline, translation of errors, counting. */
import type { Bulkhead } from "./bulkhead.ts";
import { withDeadline } from "./deadline.ts";
import { translateAwsError } from "./errors.ts";
import { type AwsOperation, type ObserveCall, observedCall } from "./observed-call.ts";
import type { CallOptions } from "./reads.ts";
import type { Session } from "./session.ts";

/** In milliseconds: waiting for a place in the queue, and the work itself with all its attempts. */
export interface CallLimits {
  readonly queueMs: number;
  readonly workMs: number;
}

/** Together shorter than the 24.5 s after which the gateway gives up. */
export const LIST_LIMITS: CallLimits = { queueMs: 1800, workMs: 22_000 };

export type AwsCaller = <T>(
  operation: AwsOperation,
  limits: CallLimits,
  options: CallOptions,
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

/**
 * @param bulkhead the queue of the service that is called.
 * @returns a function that runs one operation and throws nothing but ProblemError.
 */
export function createCaller(
  session: Session,
  bulkhead: Bulkhead,
  observe: ObserveCall,
): AwsCaller {
  return (operation, { queueMs, workMs }, { signal }, work) =>
    observedCall(observe, operation, signal, async () => {
      let leave: (() => void) | undefined;
      try {
        session.credentials(); // without a session there is nothing to wait for
        leave = await bulkhead.enter(queueMs, signal);
        return await withDeadline(workMs, signal, work);
      } catch (error) {
        throw translateAwsError(error);
      } finally {
        leave?.();
      }
    });
}
