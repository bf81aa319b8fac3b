/** `/parameters` and `/parameters/batch`: the list, a tree, several values at once. */
import type { ParameterStore } from "@airlock/aws";
import {
  BatchQuery,
  BatchRequest,
  ParameterBatch,
  Parameters,
  ParametersQuery,
  ParameterTree,
} from "@airlock/contract";
import { type App, clientLeft, problems } from "@airlock/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import type { Access } from "../access.ts";
import { clientOf } from "../client-of.ts";
import type { Asking, Renderers } from "../parameters/answer.ts";
import { readBatch } from "../parameters/batch.ts";
import { listParameters } from "../parameters/list.ts";
import { readTree } from "../parameters/tree.ts";
import { wantsFresh } from "../representation.ts";

export function parametersRoutes(
  app: App,
  store: ParameterStore,
  access: Access,
  renderers: Renderers,
): void {
  const { large } = renderers;
  app.get(
    "/parameters",
    {
      schema: {
        summary: "Names (a list), or values: of a tree with `path`, of a batch with `name`.",
        tags: ["parameters"],
        querystring: ParametersQuery,
        response: { 200: z.union([Parameters, ParameterTree, ParameterBatch]), ...failures },
      },
    },
    async (request, reply) => {
      const { name, path, decrypt = true, ...query } = request.query;
      const asking = askingOf(request, reply);
      if (name) {
        const { body, news } = await readBatch(store, access, request, name, {
          ...asking,
          decrypt,
        });
        return large.send(request, reply, large.render(request, body), news);
      }
      const { representation, news } = await (path
        ? readTree(store, access, request, { ...query, path, decrypt }, asking, renderers)
        : listParameters(store, access, request, query, asking, renderers));
      return large.send(request, reply, representation, news);
    },
  );
  app.post(
    "/parameters/batch",
    {
      schema: {
        summary: "Several values at once, for lists that are too long for a URL.",
        tags: ["parameters"],
        querystring: BatchQuery,
        body: BatchRequest,
        response: { 200: ParameterBatch, ...failures },
      },
    },
    async (request, reply) => {
      const { names, decrypt = true } = request.body;
      const asking = { ...askingOf(request, reply), decrypt };
      const { body, news } = await readBatch(store, access, request, names, asking);
      return large.send(request, reply, large.render(request, body), news);
    },
  );
}

const failures = problems(403, 409, 502, 504);

const askingOf = (request: FastifyRequest, reply: FastifyReply): Asking => ({
  caller: clientOf(request),
  signal: clientLeft(reply),
  revalidate: wantsFresh(request),
});
