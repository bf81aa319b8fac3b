/** Every call to AWS goes through here: deadline, translation of errors, counting. */
import type { ProblemCode } from "@airlock/contract";
import { withDeadline } from "./deadline.ts";
import { translateAwsError } from "./errors.ts";
import type { Session } from "./session.ts";

/** Told of each call that ended: `outcome` is `ok` or the problem code. Seconds. */
export type ObserveCall = (operation: string, outcome: "ok" | ProblemCode, seconds: number) => void;

export interface CallOptions {
  /** Aborts when the client has gone. */
  readonly signal?: AbortSignal | undefined;
}

export type AwsCaller = <T>(
  operation: string,
  limitMs: number,
  options: CallOptions,
  work: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

/** @returns a function that runs one operation and throws nothing but ProblemError. */
export function createCaller(session: Session, observe: ObserveCall): AwsCaller {
  return async (operation, limitMs, options, work) => {
    const startedAt = performance.now();
    let outcome: "ok" | ProblemCode = "ok";
    try {
      session.credentials(); // without a session there is nothing to wait for
      return await withDeadline(limitMs, options.signal, work);
    } catch (error) {
      const problem = translateAwsError(error);
      outcome = problem.code;
      throw problem;
    } finally {
      observe(operation, outcome, (performance.now() - startedAt) / 1000);
    }
  };
}
