/** A time limit on work that takes an AbortSignal. */

export class DeadlineExceededError extends Error {
  constructor(limitMs: number) {
    super(`not done within ${limitMs} ms`);
    this.name = "DeadlineExceededError";
  }
}

/**
 * Runs work under a limit and under the caller's own signal; whichever fires first aborts it, and ends
 * the wait also where the work does not listen.
 *
 * @throws DeadlineExceededError when the limit fired; otherwise what the work threw.
 */
export async function withDeadline<T>(
  limitMs: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const timer = setTimeout(() => controller.abort(new DeadlineExceededError(limitMs)), limitMs);
  const abort = () => controller.abort(outer?.reason);
  const aborted = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => aborted.reject(signal.reason), { once: true });
  if (outer?.aborted) abort();
  outer?.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work(signal), aborted.promise]);
  } catch (error) {
    throw signal.reason instanceof DeadlineExceededError ? signal.reason : error;
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", abort);
  }
}
