/** The list of parameters: names, types and dates of those that the caller may list. */
import type { ParameterStore } from "@airlock/aws";
import {
  canonicalParameterPrefix,
  hasPrefix,
  type ParameterPrefix,
  type Parameters,
  type ParametersQuery,
} from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import type { Access } from "../access.ts";
import type { LargeAnswers } from "../large-answers.ts";
import { nextOf, pageOf } from "../pages.ts";
import { DEFAULT } from "../policy/policy.ts";
import type { RenderedList } from "../rendered-lists.ts";
import { jsonOf } from "../representation.ts";
import type { Asking, Rendered, Renderers } from "./answer.ts";

export async function listParameters(
  store: ParameterStore,
  access: Access,
  request: FastifyRequest,
  { prefix: written = "", ...query }: ParametersQuery,
  asking: Asking,
  { lists, large }: Renderers,
): Promise<Rendered> {
  const prefix = canonicalParameterPrefix(written) ?? ("" as ParameterPrefix);
  const name = `${written}*`;
  if (isOutOfReach(access, request, prefix)) {
    access.record(request, "list", name, { decision: DEFAULT });
    const page = pageOf(listOf(written, query), [], query, () => false);
    const representation = jsonOf({ count: 0, parameters: [], ...nextOf(page) });
    return { representation, news: undefined };
  }
  const found = await store.list({ ...asking, prefix });
  const render = () => renderedList(access, request, found.value, written, prefix, query, large);
  const from = { sources: [found.value], rules: access.rulesOf(request) };
  const words = JSON.stringify([written, query.type, query.limit, query.cursor]);
  const { representation, allowed, denied } = lists.get({ ...from, query: words }, render);
  access.recordList(request, "list", name, { allowed, denied, cache: found.cache });
  return { representation, news: allowed > 0 ? found : undefined };
}

function renderedList(
  access: Access,
  request: FastifyRequest,
  all: Parameters["parameters"],
  written: string,
  prefix: ParameterPrefix,
  query: ParametersQuery,
  large: LargeAnswers,
): RenderedList {
  let denied = 0;
  const page = pageOf(listOf(written, query), all, query, (item) => {
    if (!hasPrefix(item.name, prefix)) return false;
    if (query.type !== undefined && item.type !== query.type) return false;
    const { allow } = access.decide(request, "list", { kind: "parameter", name: item.name });
    if (!allow) denied++;
    return allow;
  });
  const allowed = page.items.length;
  const body: Parameters = { count: allowed, parameters: page.items, ...nextOf(page) };
  return { representation: large.render(request, body), allowed, denied };
}

const listOf = (prefix: string, { type }: ParametersQuery) => `parameters ${type ?? ""} ${prefix}`;

/** Whether no name that begins so can be listed, of one level or of several. */
function isOutOfReach(access: Access, request: FastifyRequest, prefix: ParameterPrefix): boolean {
  const spellings = prefix === "" ? [""] : [prefix, `/${prefix}`];
  return spellings.every((one) => access.reach(request, "list", { prefix: one }).length === 0);
}
