/** `/parameters` and `/parameters/batch`: the list, a tree, several values at once. */
import type { ParameterStore, Read } from "@airlock/aws";
import {
  BatchRequest,
  type Parameter,
  ParameterBatch,
  Parameters,
  ParametersQuery,
  ParameterTree,
} from "@airlock/contract";
import { type App, clientLeft, problems } from "@airlock/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import type { Access } from "../access.ts";
import { type Page, pageOf } from "../pages.ts";
import { jsonOf, newsOf, send, wantsFresh } from "../representation.ts";

export function parametersRoutes(app: App, store: ParameterStore, access: Access): void {
  const list = async (request: FastifyRequest, reply: FastifyReply, query: ParametersQuery) => {
    const { prefix = "", type } = query;
    const found = await store.list(optionsOf(request, reply));
    let denied = 0;
    const page = pageOf(`parameters ${type ?? ""} ${prefix}`, found.value, query, (item) => {
      if (!item.name.startsWith(prefix) || (type !== undefined && item.type !== type)) return false;
      const { allow } = access.decide(request, "list", { kind: "parameter", name: item.name });
      if (!allow) denied++;
      return allow;
    });
    const counts = { allowed: page.items.length, denied, cache: found.cache };
    access.recordList(request, "list", `${prefix}*`, counts);
    const body: Parameters = { count: page.items.length, parameters: page.items, ...nextOf(page) };
    return { body, news: found };
  };

  const tree = async (
    request: FastifyRequest,
    reply: FastifyReply,
    query: ParametersQuery,
    path: string,
  ) => {
    const { recursive = false, decrypt = true } = query;
    const found = await store.tree(path, { ...optionsOf(request, reply), recursive, decrypt });
    let denied = 0;
    const page = pageOf(`tree ${path} ${recursive}`, found.value, query, (parameter) => {
      const { allow } = access.decide(request, "read", resourceOf(parameter, decrypt));
      if (!allow) denied++;
      return allow;
    });
    const counts = { allowed: page.items.length, denied, cache: found.cache };
    access.recordList(request, "read", path === "/" ? "/**" : `${path}/**`, counts);
    const body: ParameterTree = {
      path,
      recursive,
      count: page.items.length,
      parameters: page.items,
      ...nextOf(page),
    };
    return { body, news: found };
  };

  const batch = async (
    request: FastifyRequest,
    reply: FastifyReply,
    names: readonly string[],
    decrypt = true,
  ) => {
    const mayAsk = (name: string) =>
      access.decide(request, "read", { kind: "parameter", name }).allow;
    const options = { ...optionsOf(request, reply), decrypt };
    const found = await store.getMany(names.filter(mayAsk), options);
    const body: ParameterBatch = { parameters: [], missing: [], denied: [] };
    const shown: Read<Parameter>[] = [];
    for (const name of names) {
      const one = found.get(name);
      const resource = one
        ? resourceOf(one.value, decrypt)
        : ({ kind: "parameter", name } as const);
      const decision = access.decide(request, "read", resource);
      access.record(request, "read", name, { decision, cache: one?.cache });
      if (!decision.allow) body[access.tellsDenied() ? "denied" : "missing"].push(name);
      else if (!one) body.missing.push(name);
      else {
        body.parameters.push(one.value);
        shown.push(one);
      }
    }
    return { body, news: newsOf(shown) };
  };

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
      const { query } = request;
      const { body, news } = await (query.name
        ? batch(request, reply, query.name, query.decrypt)
        : query.path
          ? tree(request, reply, query, query.path)
          : list(request, reply, query));
      return send(request, reply, jsonOf(body), news);
    },
  );
  app.post(
    "/parameters/batch",
    {
      schema: {
        summary: "Several values at once, for lists that are too long for a URL.",
        tags: ["parameters"],
        body: BatchRequest,
        response: { 200: ParameterBatch, ...failures, ...problems(413, 415) },
      },
    },
    async (request, reply) => {
      const { names, decrypt } = request.body;
      const { body, news } = await batch(request, reply, names, decrypt);
      return send(request, reply, jsonOf(body), news);
    },
  );
}

const failures = problems(400, 401, 403, 414, 502, 503, 504);

const optionsOf = (request: FastifyRequest, reply: FastifyReply) => ({
  caller: request.caller,
  signal: clientLeft(reply),
  revalidate: wantsFresh(request),
});

const resourceOf = ({ name, type }: Parameter, decrypt: boolean) => ({
  kind: "parameter" as const,
  name,
  decrypted: decrypt && type === "SecureString",
});

const nextOf = ({ next }: Page<unknown>) => (next === undefined ? {} : { next_cursor: next });
