/** Every call to AWS goes through here: queue, deadline, translation of errors, counting. */
import type { ProblemCode } from "@airlock/contract";
import type { Bulkhead } from "./bulkhead.ts";
import { withDeadline } from "./deadline.ts";
import { translateAwsError } from "./errors.ts";
import type { CallOptions } from "./reads.ts";
import type { Session } from "./session.ts";

export type AwsService = "s3" | "ssm";

/** Told of each call that ended: `outcome` is `ok`, the problem code, or `left` with the client. */
export type ObserveCall = (
  service: AwsService,
  operation: string,
  outcome: "ok" | "left" | ProblemCode,
  seconds: number,
) => void;

/** In milliseconds: waiting for a place in the queue, and the work itself with all its attempts. */
export interface CallLimits {
  readonly queueMs: number;
  readonly workMs: number;
}

/** Together shorter than the 24.5 s after which the gateway gives up. */
export const LIST_LIMITS: CallLimits = { queueMs: 1800, workMs: 22_000 };

export type AwsCaller = <T>(
  operation: string,
  limits: CallLimits,
  options: CallOptions,
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

/**
 * @param service that is called; `bulkhead` is the queue in front of it.
 * @returns a function that runs one operation and throws nothing but ProblemError.
 */
export function createCaller(
  service: AwsService,
  session: Session,
  bulkhead: Bulkhead,
  observe: ObserveCall,
): AwsCaller {
  return async (operation, { queueMs, workMs }, { signal }, work) => {
    const startedAt = performance.now();
    let outcome: "ok" | "left" | ProblemCode = "ok";
    let leave: (() => void) | undefined;
    try {
      session.credentials(); // without a session there is nothing to wait for
      leave = await bulkhead.enter(queueMs, signal);
      return await withDeadline(workMs, signal, work);
    } catch (error) {
      const problem = translateAwsError(error);
      outcome = signal?.aborted ? "left" : problem.code;
      throw problem;
    } finally {
      leave?.();
      observe(service, operation, outcome, (performance.now() - startedAt) / 1000);
    }
  };
}
