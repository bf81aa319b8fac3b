/** Objects are read: one, or a list with selectors, page by page. */
import { apiVersionOf, isCustom, isNamespaced, KIND_NAMES } from "../kind-names.ts";
import { KINDS } from "../kinds.ts";
import { keyOf, keyOfObject, type StoredObject } from "../objects.ts";
import { badRequest, expired, notFound, Refusal } from "../refusal.ts";
import type { World } from "../world.ts";
import { fieldSelector, labelSelector, type Matches } from "./selectors.ts";
import type { Target } from "./target.ts";

/** @throws Refusal 404 */
export function get({ store }: World, { kind, namespace, name = "" }: Target): StoredObject {
  const found = store.get(kind, keyOf(isNamespaced(kind) ? namespace : undefined, name));
  if (found === undefined) throw notFound(kind, name);
  return found;
}

/** What a query selects. @throws Refusal 400 */
export function selection({ kind, namespace }: Target, query: URLSearchParams): Matches {
  const byLabels = labelSelector(query.get("labelSelector") ?? "");
  const byFields = fieldSelector(query.get("fieldSelector") ?? "", KINDS[kind].fields);
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    byLabels(object) &&
    byFields(object);
}

interface Page {
  readonly version: number;
  readonly after: string;
}

/** A page goes on from a name; when what has changed since then is forgotten, it is 410. @throws Refusal */
export function list({ store }: World, target: Target, query: URLSearchParams): object {
  const limit = Number(query.get("limit") ?? 0);
  const page = readPage(query.get("continue") ?? "");
  if (page !== undefined && page.version < store.forgotten) {
    throw expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
    );
  }
  checkVersion(store.version, query.get("resourceVersion") ?? "");
  const matches = selection(target, query);
  const left = store
    .allByName(target.kind)
    .filter((object) => matches(object) && keyOfObject(object) > (page?.after ?? ""));
  const items = limit > 0 ? left.slice(0, limit) : left;
  const last = items.at(-1);
  const more = left.length - items.length;
  const version = page?.version ?? store.version;
  return {
    kind: `${KIND_NAMES[target.kind]}List`,
    apiVersion: apiVersionOf(target.kind),
    metadata: {
      resourceVersion: String(version),
      ...(more > 0 &&
        last && {
          continue: writePage({ version, after: keyOfObject(last) }),
          remainingItemCount: more,
        }),
    },
    // a list's items have no kind of their own, but for custom resources
    items: isCustom(target.kind)
      ? items
      : items.map(({ apiVersion: _v, kind: _k, ...item }) => item),
  };
}

const writePage = (page: Page): string => Buffer.from(JSON.stringify(page)).toString("base64url");

function readPage(text: string): Page | undefined {
  if (text === "") return undefined;
  try {
    const { version, after } = JSON.parse(Buffer.from(text, "base64url").toString());
    if (typeof version === "number" && typeof after === "string") return { version, after };
  } catch {
    // said below
  }
  throw badRequest("invalid continue token: continue key is not valid");
}

/** @throws Refusal for a version that is none, or that is not there yet. */
export function checkVersion(current: number, text: string): void {
  if (text === "" || text === "0") return;
  const version = Number(text);
  if (!Number.isInteger(version)) {
    throw new Refusal(500, "", `resourceVersion: Invalid value: "${text}": invalid syntax`);
  }
  if (version <= current) return;
  throw new Refusal(
    504,
    "Timeout",
    `Timeout: Too large resource version: ${version}, current: ${current}`,
    {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  );
}
