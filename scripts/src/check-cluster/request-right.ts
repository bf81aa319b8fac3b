/** Which right a request asks for, as an API server reads it off method, path and query. */

/** Such as `create pods`, `get pods/log`; of an object without a namespace, or of all namespaces, with `(cluster)`. */
export type Right = string;

const COLLECTION: Readonly<Record<string, string>> = {
  GET: "list",
  POST: "create",
  DELETE: "deletecollection",
};
const OBJECT: Readonly<Record<string, string>> = {
  GET: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
const PATH =
  /^\/api(?:s\/(?<group>[^/]+))?\/[^/]+(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<resource>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<sub>[^/]+))?/;

/** Undefined for what is no resource, such as /version. */
export function rightOf(method: string, target: string): Right | undefined {
  const { pathname, searchParams } = new URL(target, "http://any");
  const { group, namespace, resource, name, sub } = PATH.exec(pathname)?.groups ?? {};
  if (resource === undefined) return undefined;
  const isWatch = /^(1|true)$/.test(searchParams.get("watch") ?? "");
  const verb = isWatch ? "watch" : (name === undefined ? COLLECTION : OBJECT)[method];
  const kind = [resource, sub].filter(Boolean).join("/");
  return rightText(verb ?? method, group ? `${kind}.${group}` : kind, namespace !== undefined);
}

const rightText = (verb: string, resource: string, isNamespaced: boolean): Right =>
  `${verb} ${resource}${isNamespaced ? "" : " (cluster)"}`;

interface RoleLike {
  readonly kind: string;
  readonly rules?: readonly {
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** What a Role or ClusterRole gives, one by one. */
export function rightsOf({ kind, rules = [] }: RoleLike): Right[] {
  return rules.flatMap(({ apiGroups = [""], resources = [], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.map((verb) =>
          rightText(verb, group ? `${resource}.${group}` : resource, kind === "Role"),
        ),
      ),
    ),
  );
}
