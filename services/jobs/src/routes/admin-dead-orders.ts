/** `/v1/admin/dead-orders`: orders that failed five times, sent again or forgotten. */
import {
  DeadOrders,
  DeadOrdersChanged,
  PageQuery,
  readPlace,
  WhichDeadOrders,
  writePlace,
} from "@airlock/contract";
import type { App } from "@airlock/http";
import {
  dropDeadOrders,
  listDeadOrders,
  redriveDeadOrders,
  type Transaction,
} from "@airlock/jobs-store";
import type { FastifyRequest } from "fastify";
import type * as z from "zod";
import type { ApiDeps } from "../deps.ts";

const LIST = "dead orders";

export function adminDeadOrderRoutes(app: App, deps: ApiDeps): void {
  const { store, mutate, jobQueue, diskQueue } = deps;

  app.get(
    "/v1/admin/dead-orders",
    {
      config: { adminVerb: "dead_orders_list" },
      schema: {
        summary: "Orders that failed five times and were set aside, the oldest first.",
        tags: ["admin"],
        querystring: PageQuery,
        response: { 200: DeadOrders },
      },
    },
    async ({ query: { limit, cursor } }) => {
      const after = cursor === undefined ? "0" : idIn(readPlace(LIST, cursor));
      const rows = await listDeadOrders(store.pool, { after, limit: limit + 1 });
      const page = rows.slice(0, limit);
      const last = rows.length > limit ? page.at(-1) : undefined;
      const dead_orders = page.map(({ enqueued_at, died_at, ...row }) => ({
        ...row,
        enqueued_at: enqueued_at.toISOString(),
        died_at: died_at.toISOString(),
      }));
      return { dead_orders, limit, next_cursor: last ? writePlace(LIST, last.dead_id) : null };
    },
  );

  const schemaOf = (summary: string) => ({
    summary,
    tags: ["admin"],
    body: WhichDeadOrders,
    response: { 200: DeadOrdersChanged },
  });

  app.post(
    "/v1/admin/dead-orders/redrive",
    {
      config: { adminVerb: "dead_orders_redrive" },
      schema: schemaOf("Puts them on their queues again, once what was wrong is mended."),
    },
    (request) =>
      change(request, request.body, async (transaction, ids) => {
        const count = await redriveDeadOrders(transaction, ids);
        for (const queue of [jobQueue, diskQueue]) transaction.ringAfterCommit(queue);
        return count;
      }),
  );
  app.post(
    "/v1/admin/dead-orders/drop",
    {
      config: { adminVerb: "dead_orders_drop" },
      schema: schemaOf("Forgets them: what they asked for is never done."),
    },
    (request) => change(request, request.body, dropDeadOrders),
  );

  async function change(
    request: FastifyRequest,
    { ids }: z.infer<typeof WhichDeadOrders>,
    work: (transaction: Transaction, ids: readonly string[] | undefined) => Promise<number>,
  ): Promise<DeadOrdersChanged> {
    const which = ids === undefined ? "all" : ids.join(" ");
    request.auditFields = { which };
    const { answer, isRepeat } = await mutate(request, async (transaction) => ({
      count: await work(transaction, ids),
    }));
    request.auditFields = { which, ...answer, ...(isRepeat && { repeat: true }) };
    return answer;
  }
}

const idIn = (place: string): string => (/^\d{1,18}$/.test(place) ? place : "0");
