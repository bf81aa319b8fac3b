/** The trace of a request, for the orders that it sends. */
import { traceContextOf } from "@airlock/http";
import { haveHeaders, type Queryable } from "@airlock/jobs-store";
import type { FastifyRequest } from "fastify";

/**
 * Undefined where a queue has no place for it.
 *
 * @throws StoreError when that could not be found out.
 */
export type TraceparentOf = (request: Pick<FastifyRequest, "raw">) => Promise<string | undefined>;

/** Asks once, with the first request: after an upgrade of PGMQ a new process finds the place. */
export function createOrderTraces(db: Queryable, queues: readonly string[]): TraceparentOf {
  let asked: Promise<boolean> | undefined;
  const ask = async () => {
    try {
      return await haveHeaders(db, queues);
    } catch (error) {
      asked = undefined;
      throw error;
    }
  };
  return async ({ raw }) => {
    asked ??= ask();
    return (await asked) ? traceContextOf(raw).traceparent : undefined;
  };
}
