/** Tells how each call to AWS ended, and how long it took. */
import type { ProblemCode } from "@airlock/contract";
import { DeadlineExceededError } from "./deadline.ts";
import { translateAwsError } from "./errors.ts";

export type AwsOperation = `${"s3" | "ssm" | "sts"}.${string}`;

/** `outcome` is `ok`, the problem code, or `left` with whoever wanted the answer. */
export type ObserveCall = (
  operation: AwsOperation,
  outcome: "ok" | "left" | ProblemCode,
  seconds: number,
) => void;

/** Runs the call and throws what it throws. */
export async function observedCall<T>(
  observe: ObserveCall,
  operation: AwsOperation,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  let outcome: Parameters<ObserveCall>[1] = "ok";
  try {
    return await call();
  } catch (error) {
    outcome = outcomeOf(error, signal);
    throw error;
  } finally {
    observe(operation, outcome, (performance.now() - startedAt) / 1000);
  }
}

function outcomeOf(error: unknown, signal: AbortSignal | undefined): "left" | ProblemCode {
  if (!signal?.aborted) return translateAwsError(error).code;
  return signal.reason instanceof DeadlineExceededError ? "aws_timeout" : "left";
}
