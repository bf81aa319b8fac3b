/** Every call to AWS goes through here: queue, deadline, translation of errors, counting. */
import type { ProblemError } from "@airlock/contract";
import type { Bulkhead } from "./bulkhead.ts";
import { type ClassRules, LEAST_WORK_MS } from "./classes.ts";
import { withDeadline } from "./deadline.ts";
import { areCredentialsRefused, isOutage, translateAwsError } from "./errors.ts";
import { type AwsOperation, type ObserveCall, observedCall } from "./observed-call.ts";
import type { CallOptions } from "./reads.ts";
import type { Credentials, Session } from "./session.ts";

export type CallRules = Pick<ClassRules, "lane" | "queueMs" | "workMs">;

export type AwsCaller = <T>(
  operation: AwsOperation,
  rules: CallRules,
  options: CallOptions,
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

/**
 * A call that AWS refuses for its credentials wakes their renewal, and is made once more with the new ones
 * when they come within its time.
 *
 * @param bulkhead the lanes of the service that is called.
 * @returns a function that runs one operation and throws nothing but ProblemError.
 */
export function createCaller(
  session: Session,
  bulkhead: Bulkhead,
  observe: ObserveCall,
): AwsCaller {
  return async (operation, rules, { signal, caller }, work) => {
    const endsAt = performance.now() + rules.queueMs + rules.workMs;
    let used: Credentials | undefined;
    const attempt = ({ lane, queueMs, workMs }: CallRules) =>
      observedCall(observe, operation, signal, async () => {
        let leave: (() => void) | undefined;
        try {
          session.credentials(); // without a session there is nothing to wait for
          leave = await bulkhead.lane(lane).enter(queueMs, signal, caller);
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
      return await attempt(rules);
    } catch (problem) {
      const leftMs = () => endsAt - performance.now();
      if (!used || !areCredentialsRefused(problem)) throw problem;
      if (!(await session.renewed(used, leftMs() - LEAST_WORK_MS, signal))) throw problem;
      return attempt({ ...rules, workMs: Math.min(rules.workMs, leftMs()) });
    }
  };
}

/** What a failed call says of the credentials: whatever AWS refuses for another reason, it has taken them. */
function judge(session: Session, used: Credentials, problem: ProblemError): void {
  if (areCredentialsRefused(problem)) session.refuse(used, problem);
  else if (!isOutage(problem)) session.accept(used);
}
