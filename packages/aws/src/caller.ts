/** Every call to AWS goes through here: queue, deadline, translation of errors, counting. */
import type { ProblemError } from "@airlock/contract";
import type { Bulkhead } from "./bulkhead.ts";
import { type ClassRules, LEAST_WORK_MS } from "./classes.ts";
import { withDeadline } from "./deadline.ts";
import {
  areCredentialsRefused,
  areCredentialsUnknown,
  awsProblem,
  isOutage,
  translateAwsError,
} from "./errors.ts";
import { type AwsOperation, type ObserveCall, observedCall } from "./observed-call.ts";
import type { CallOptions } from "./reads.ts";
import type { Credentials, Session } from "./session.ts";
import type { Use } from "./witnesses.ts";

export type CallRules = Pick<ClassRules, "lane" | "queueMs" | "workMs">;

export interface AwsCallOptions extends CallOptions {
  /** The one that is called; undefined for a call to a service as a whole. */
  readonly bucket?: string | undefined;
}

export type AwsCaller = <T>(
  operation: AwsOperation,
  rules: CallRules,
  options: AwsCallOptions,
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
  return async (operation, rules, { signal, caller, bucket }, work) => {
    const endsAt = performance.now() + rules.queueMs + rules.workMs;
    const service = operation.slice(0, operation.indexOf("."));
    let used: Use<Credentials> | undefined;
    const attempt = ({ lane, queueMs, workMs }: CallRules) =>
      observedCall(observe, operation, signal, async () => {
        let leave: (() => void) | undefined;
        try {
          session.credentials(); // without a session there is nothing to wait for
          leave = await bulkhead.lane(lane).enter(queueMs, signal, caller);
          const credentials = session.credentials();
          used = { credentials, service, bucket, beganAt: session.clock.now() };
          const answer = await withDeadline(workMs, signal, work);
          session.accept(used);
          return answer;
        } catch (error) {
          const problem = translateAwsError(error);
          throw used ? judged(session, used, problem) : problem;
        } finally {
          leave?.();
        }
      });
    try {
      return await attempt(rules);
    } catch (problem) {
      const leftMs = () => endsAt - performance.now();
      if (!used || !areCredentialsRefused(problem)) throw problem;
      const limitMs = leftMs() - LEAST_WORK_MS;
      if (!(await session.renewed(used.credentials, limitMs, signal))) throw problem;
      return attempt({ ...rules, workMs: Math.min(rules.workMs, leftMs()) });
    }
  };
}

/** What a failed call says of the credentials: whatever AWS refuses for another reason, it has taken them. */
function judged(session: Session, used: Use<Credentials>, problem: ProblemError): ProblemError {
  const areUnknown = areCredentialsUnknown(problem);
  if (areCredentialsRefused(problem)) {
    const isOfBucket = session.refuse(used, problem, areUnknown) === "bucket";
    return isOfBucket ? awsProblem("access_denied", problem.cause) : problem;
  }
  if (!isOutage(problem) && !areUnknown) session.accept(used);
  return problem;
}
