/** Reads a body as an object of a kind: types that do not fit are refused; members that there are not are dropped, or refused in strict validation. */

import { apiVersionOf, isCustom, KIND_NAMES, type KindName } from "../kind-names.ts";
import { isJson, type Json } from "../objects.ts";
import { badRequest } from "../refusal.ts";
import { isQuantity } from "../scheduler/quantity.ts";
import type { Shape } from "./shape.ts";
import { SHAPES } from "./shapes.ts";

/** @throws Refusal 400 */
export function parseBody(body: Buffer): Json {
  let raw: unknown;
  try {
    raw = JSON.parse(body.toString());
  } catch {
    throw badRequest("couldn't get version/kind; json parse error: unexpected end of JSON input");
  }
  if (!isJson(raw)) throw badRequest("couldn't get version/kind; json parse error: not an object");
  return raw;
}

/** @param isStrict `fieldValidation=Strict`. @throws Refusal 400 */
export function readBody(kind: KindName, raw: Json, isStrict: boolean): Json {
  const name = KIND_NAMES[kind];
  const version = apiVersionOf(kind);
  // nothing is known of a custom resource that does not say what it is
  for (const member of isCustom(kind) ? ["kind", "apiVersion"] : []) {
    if (!raw[member]) {
      const said = member === "kind" ? "Kind" : member;
      throw badRequest(`Object '${said}' is missing in '${JSON.stringify(raw)}'`);
    }
  }
  const given = raw.kind ?? name;
  if (raw.apiVersion !== undefined && raw.apiVersion !== version) {
    throw badRequest(
      `the API version in the data (${String(raw.apiVersion)}) does not match the expected API version (${version})`,
    );
  }
  if (given !== name) {
    throw badRequest(
      isCustom(kind)
        ? `the kind in the data (${String(given)}) does not match the expected kind (${name})`
        : `${String(given)} in version "v1" cannot be handled as a ${name}: converting (v1.${String(given)}) to (core.${name}): unknown conversion`,
    );
  }
  const unknown: string[] = [];
  const read = readAs(SHAPES[kind] ?? "anything", raw, "", unknown, name);
  if (isStrict && unknown.length > 0) {
    const said = unknown.map((field) => `unknown field "${field}"`).join(", ");
    throw badRequest(
      `${name} in version "v1" cannot be handled as a ${name}: strict decoding error: ${said}`,
    );
  }
  return { ...(read as Json), apiVersion: version, kind: name };
}

function readAs(
  shape: Shape,
  value: unknown,
  path: string,
  unknown: string[],
  kind: string,
): unknown {
  if (value === null || shape === "anything") return value;
  if (typeof shape === "string") {
    if (!FITS[shape](value)) throw misfit(kind, path, value, shape);
    return shape === "quantity" ? String(value) : value;
  }
  if ("list" in shape) {
    if (!Array.isArray(value)) throw misfit(kind, path, value, "list");
    return value.map((one, index) => readAs(shape.list, one, `${path}[${index}]`, unknown, kind));
  }
  if (!isJson(value)) throw misfit(kind, path, value, "object");
  const entries: [string, unknown][] = [];
  for (const [key, one] of Object.entries(value)) {
    const at = path === "" ? key : `${path}.${key}`;
    const inner = "map" in shape ? shape.map : own(shape.members, key);
    if (inner === undefined) unknown.push(at);
    // a member that is null is a member that is not there
    else if (one !== null) entries.push([key, readAs(inner, one, at, unknown, kind)]);
  }
  return Object.fromEntries(entries);
}

const own = (members: Readonly<Record<string, Shape>>, key: string): Shape | undefined =>
  Object.hasOwn(members, key) ? members[key] : undefined;

const FITS: Readonly<Record<Exclude<Shape, object | "anything">, (value: unknown) => boolean>> = {
  text: (value) => typeof value === "string",
  number: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === "boolean",
  quantity: isQuantity,
  base64: (value) =>
    typeof value === "string" &&
    /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value),
  textOrNumber: (value) => typeof value === "string" || Number.isInteger(value),
};

/** As Go's decoder says it. */
function misfit(kind: string, path: string, value: unknown, wanted: string) {
  const found = Array.isArray(value) ? "array" : typeof value;
  const field = `${kind}.${path.replaceAll(/\[\d+\]/g, "")}`;
  const words =
    wanted === "quantity"
      ? "unable to parse quantity's suffix"
      : wanted === "base64"
        ? "illegal base64 data at input byte 0"
        : `json: cannot unmarshal ${found} into Go struct field ${field} of type ${wanted}`;
  return badRequest(`${kind} in version "v1" cannot be handled as a ${kind}: ${words}`);
}
