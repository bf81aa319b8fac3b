/** What a request is about: its path taken apart, and its verb. */
import { groupOf, isKindName, isNamespaced, type KindName } from "../kind-names.ts";
import { noSuchMethod, noSuchPath } from "../refusal.ts";

export const VERBS = [
  "create",
  "get",
  "list",
  "watch",
  "replace",
  "patch",
  "delete",
  "log",
] as const;
export type Verb = (typeof VERBS)[number];

export interface Target {
  readonly verb: Verb;
  readonly kind: KindName;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: "status" | "log" | undefined;
}

const PATH =
  /^\/api(?:s\/([^/]+))?\/v1(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+)(?:\/([a-z]+))?)?$/;

const ONE: Readonly<Record<string, Verb>> = {
  GET: "get",
  PUT: "replace",
  PATCH: "patch",
  DELETE: "delete",
};
const MANY: Readonly<Record<string, Verb>> = { GET: "list", POST: "create" };

/** @throws Refusal 404 for paths that there are not, 405 for methods. */
export function targetOf(method: string, path: string, query: URLSearchParams): Target {
  const [, group = "", namespace, kind = "", rawName, sub] = PATH.exec(path) ?? [];
  if (!isKindName(kind) || groupOf(kind) !== group) throw noSuchPath();
  if (namespace !== undefined && !isNamespaced(kind)) throw noSuchPath();
  const name = rawName === undefined ? undefined : decodeURIComponent(rawName);
  if (name !== undefined && isNamespaced(kind) && namespace === undefined) throw noSuchPath();
  const at = { kind, namespace: namespace && decodeURIComponent(namespace), name };
  if (sub === "log" && kind === "pods") {
    if (method !== "GET") throw noSuchMethod();
    return { ...at, verb: "log", subresource: "log" };
  }
  if (sub !== undefined && sub !== "status") throw noSuchPath();
  const verb = (name === undefined ? MANY : ONE)[method];
  if (verb === undefined || (sub === "status" && verb === "delete")) throw noSuchMethod();
  if (verb === "create" && isNamespaced(kind) && namespace === undefined) throw noSuchMethod();
  const isWatch = verb === "list" && /^(1|true)$/.test(query.get("watch") ?? "");
  return { ...at, verb: isWatch ? "watch" : verb, subresource: sub };
}
