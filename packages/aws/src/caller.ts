/** Every call to AWS goes through here: queue, deadline, translation of errors, counting. */
import type { ProblemError } from "@airlock/contract";
import type { Bulkhead } from "./bulkhead.ts";
import { withDeadline } from "./deadline.ts";
import { areCredentialsRefused, isOutage, translateAwsError } from "./errors.ts";
import { type AwsOperation, type ObserveCall, observedCall } from "./observed-call.ts";
import type { CallOptions } from "./reads.ts";
import type { Credentials, Session } from "./session.ts";

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

/** Less time than this is of no use for another attempt. */
const LEAST_WORK_MS = 200;

/**
 * A call that AWS refuses for its credentials wakes their renewal, and is made once more with the new ones
 * when they come within its time.
 *
 * @param bulkhead the queue of the service that is called.
 * @returns a function that runs one operation and throws nothing but ProblemError.
 */
export function createCaller(
  session: Session,
  bulkhead: Bulkhead,
  observe: ObserveCall,
): AwsCaller {
  return async (operation, limits, { signal }, work) => {
    const endsAt = performance.now() + limits.queueMs + limits.workMs;
    let used: Credentials | undefined;
    const attempt = ({ queueMs, workMs }: CallLimits) =>
      observedCall(observe, operation, signal, async () => {
        let leave: (() => void) | undefined;
        try {
          session.credentials(); // without a session there is nothing to wait for
          leave = await bulkhead.enter(queueMs, signal);
          used = session.credentials();
          const answer = await withDeadline(workMs, signal, work);
          session.accept(used);
          return answer;
        } catch (error) {
          const problem = translateAwsError(error);
          if (used) judge(session, used, problem);
          throw problem;
        } finally {
          leave?.();
        }
      });
    try {
      return await attempt(limits);
    } catch (problem) {
      const leftMs = () => endsAt - performance.now();
      if (!used || !areCredentialsRefused(problem)) throw problem;
      if (!(await session.renewed(used, leftMs() - LEAST_WORK_MS, signal))) throw problem;
      return attempt({ ...limits, workMs: Math.min(limits.workMs, leftMs()) });
    }
  };
}

/** What a failed call says of the credentials: whatever AWS refuses for another reason, it has taken them. */
function judge(session: Session, used: Credentials, problem: ProblemError): void {
  if (areCredentialsRefused(problem)) session.refuse(used, problem);
  else if (!isOutage(problem)) session.accept(used);
}
