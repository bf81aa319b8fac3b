/** A tree of parameters: the values below a path that the caller may read. */
import type { FailedParameter, ParameterStore, Read, Tree } from "@airlock/aws";
import type { Parameter, ParameterPath, ParametersQuery, ParameterTree } from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import type { Access } from "../access.ts";
import type { LargeAnswers } from "../large-answers.ts";
import { nextOf, pageOf } from "../pages.ts";
import { DEFAULT } from "../policy/policy.ts";
import type { RenderedList } from "../rendered-lists.ts";
import { newsOf } from "../representation.ts";
import type { Asking, Rendered, Renderers } from "./answer.ts";
import { beginningOf, type TreeRoot, treeRoots } from "./tree-roots.ts";

/** @throws ProblemError invalid_cursor, the AWS codes: the one of the first item if none could be had. */
export async function readTree(
  store: ParameterStore,
  access: Access,
  request: FastifyRequest,
  query: TreeQuery,
  asking: Asking,
  { lists, large }: Renderers,
): Promise<Rendered> {
  const { path, recursive = false, decrypt = true, limit, cursor } = query;
  const reads = await readRoots(store, access, request, query, asking);
  const sources = reads.map(({ value }) => value);
  const from = { sources, rules: access.rulesOf(request) };
  const words = JSON.stringify(["tree", path, recursive, decrypt, limit, cursor]);
  const render = () => renderedTree(access, request, sources, query, large);
  const { representation, allowed, denied, shown, problem } = lists.get(
    { ...from, query: words },
    render,
  );
  const news = newsOf(reads.filter((_, index) => shown?.[index]));
  const name = path === "/" ? "/**" : `${path}/**`;
  if (reads.length === 0) access.record(request, "read", name, { decision: DEFAULT });
  else access.recordList(request, "read", name, { allowed, denied, cache: news?.cache });
  if (problem) throw problem;
  return { representation, news };
}

type TreeQuery = ParametersQuery & { readonly path: ParameterPath };

function renderedTree(
  access: Access,
  request: FastifyRequest,
  trees: readonly Tree[],
  query: TreeQuery,
  large: LargeAnswers,
): RenderedList {
  const { path, recursive = false, decrypt = true } = query;
  let denied = 0;
  const page = pageOf(`tree ${path} ${recursive}`, itemsOf(trees), query, ({ name, type }) => {
    const decrypted = decrypt && type === "SecureString";
    const { allow } = access.decide(request, "read", { kind: "parameter", name, decrypted });
    if (!allow) denied++;
    return allow;
  });
  const parameters = page.items.filter(isGiven);
  const failed = page.items.flatMap((item) => (isGiven(item) ? [] : [item]));
  const items = new Set<Item>(page.items);
  const allowed = parameters.length;
  const isWhole = query.cursor === undefined && !page.next;
  const body: ParameterTree = {
    path,
    recursive,
    count: allowed,
    parameters,
    failed: failed.map(({ name: one, problem }) => ({ name: one, code: problem.code })),
    ...nextOf(page),
  };
  return {
    representation: large.render(request, body),
    allowed,
    denied,
    shown: trees.map((tree) => isShown(tree, items)),
    problem: allowed === 0 && isWhole ? failed[0]?.problem : undefined,
  };
}

/** Asks for what can be shown and no more, in the clear only where something may be shown so. */
function readRoots(
  store: ParameterStore,
  access: Access,
  request: FastifyRequest,
  { path, recursive = false, decrypt = true }: TreeQuery,
  asking: Asking,
): Promise<Read<Tree>[]> {
  const reach = ({ path: root, recursive: isDeep }: TreeRoot, decrypted: boolean) => {
    const below = { prefix: beginningOf(root), isOneLevel: !isDeep, decrypted };
    return access.reach(request, "read", below);
  };
  const whole = { path, recursive };
  const read = (root: TreeRoot) => {
    const options = { recursive: root.recursive, decrypt: decrypt && reach(root, true).length > 0 };
    return store.tree(root.path, { ...asking, ...options });
  };
  return Promise.all(treeRoots(whole, reach(whole, false)).map(read));
}

type Item = Parameter | FailedParameter;

const isGiven = (item: Item): item is Parameter => "value" in item;

/** What is read and not shown is not to be told of. */
const isShown = ({ parameters, failed }: Tree, shown: ReadonlySet<Item>): boolean =>
  parameters.some((one) => shown.has(one)) || failed.some((one) => shown.has(one));

function itemsOf(trees: readonly Tree[]): readonly Item[] {
  const [first, ...others] = trees;
  if (first && others.length === 0 && first.failed.length === 0) return first.parameters;
  return trees
    .flatMap<Item>(({ parameters, failed }) => [...parameters, ...failed])
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
