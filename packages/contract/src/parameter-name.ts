/** The grammar of parameter names on the wire, the same at the gateway and at aux. */
import type * as z from "zod";

/**
 * A name in its one spelling: `x`, `/a/b`, or the ARN of a parameter that another account shares.
 * SSM takes `x` and `/x` as one, and so does whoever has one of these; nothing but the functions here
 * makes them.
 */
export type ParameterName = string & z.core.$brand<"ParameterName">;
/** A hierarchy: `/`, or `/a/b`. */
export type ParameterPath = string & z.core.$brand<"ParameterPath">;
/** The beginning of names without their leading slash; empty for all names. */
export type ParameterPrefix = string & z.core.$brand<"ParameterPrefix">;

/** Longest name, in characters: SSM's 2048 less the 1037 it reserves for itself (PutParameter, Name). */
export const MAX_NAME_LENGTH = 1011;
/** Levels of a hierarchy, as SSM counts them. */
export const MAX_LEVELS = 15;
/** Longest name as written in a URL, before decoding; beyond it the answer is 414. */
export const MAX_RAW_LENGTH = 2048;

const LEVEL = /^[A-Za-z0-9_.-]+$/;
/** What another account shares is named by its ARN; the public parameters of AWS belong to no account. */
const SHARED = /^arn:aws(?:-[a-z]+)*:ssm:[a-z]{2}(?:-[a-z]+)+-\d{1,2}:(\d{12}):parameter\/(.+)$/;
/** Reserved by AWS, in whatever case. */
const RESERVED = /^\/aws\//i;
const SECRETS = "/aws/reference/secretsmanager/";

/**
 * Turns the undecoded rest of a path (`/parameters/<rest>`) into the canonical SSM name.
 *
 * Each percent-triplet is decoded once and at most one leading slash dropped; what remains is one
 * level or several. Two levels or more are a hierarchy and get their leading slash back
 * (`airlock/dev/db` → `/airlock/dev/db`), one level is a root-level name (`my-parameter`). The ARN of
 * a parameter is a name as it is.
 *
 * @returns the canonical name, or undefined for anything outside the grammar: empty names and
 * levels, `.` and `..`, selectors (`name:3`), other ARNs, control characters, double encoding.
 */
export function parseParameterName(raw: string): ParameterName | undefined {
  const decoded = raw.includes("%") ? decodeOnce(raw) : raw;
  return decoded === undefined ? undefined : canonicalParameterName(decoded);
}

/** The same for a name that is decoded already, as it comes in a query or a body, or from SSM. */
export function canonicalParameterName(decoded: string): ParameterName | undefined {
  if (decoded.startsWith("arn:")) return canonicalArn(decoded);
  const bare = withoutSlash(decoded);
  if (bare.length > MAX_NAME_LENGTH || !areLevels(bare)) return undefined;
  return (bare.includes("/") ? `/${bare}` : bare) as ParameterName;
}

function canonicalArn(decoded: string): ParameterName | undefined {
  if (decoded.length > MAX_NAME_LENGTH) return undefined;
  const [, , name] = SHARED.exec(decoded) ?? [];
  return name !== undefined && areLevels(name) ? (decoded as ParameterName) : undefined;
}

/** `a`, `a/b` and so on, each level of it a name that SSM takes. */
function areLevels(bare: string): boolean {
  const levels = bare.split("/");
  return levels.length <= MAX_LEVELS && levels.every(isLevel);
}

const isLevel = (level: string): boolean => level !== "." && level !== ".." && LEVEL.test(level);

/** Without its one leading slash, if it has one. */
export const withoutSlash = (name: string): string => (name.startsWith("/") ? name.slice(1) : name);

function decodeOnce(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined; // not a triplet, or not UTF-8
  }
}

/**
 * A hierarchy as GetParametersByPath takes it: `/`, or `/a/b` with or without its first slash and
 * one at its end.
 */
export function canonicalParameterPath(decoded: string): ParameterPath | undefined {
  if (decoded === "/") return decoded as ParameterPath;
  const bare = withoutSlash(decoded.endsWith("/") ? decoded.slice(0, -1) : decoded);
  if (bare.length > MAX_NAME_LENGTH || !areLevels(bare)) return undefined;
  return `/${bare}` as ParameterPath;
}

/** The beginning of a name, with or without its leading slash; its last level may be incomplete. */
export function canonicalParameterPrefix(decoded: string): ParameterPrefix | undefined {
  const bare = withoutSlash(decoded);
  const levels = bare.split("/");
  const begun = levels.pop() ?? "";
  if (bare.length > MAX_NAME_LENGTH || levels.length >= MAX_LEVELS) return undefined;
  const isPrefix = levels.every(isLevel) && (begun === "" || LEVEL.test(begun));
  return isPrefix ? (bare as ParameterPrefix) : undefined;
}

export const hasPrefix = (name: ParameterName, prefix: ParameterPrefix): boolean =>
  name.startsWith(prefix, name.startsWith("/") ? 1 : 0);

/** The account that shares the parameter; undefined for a name of the account that is asked. */
export const sharingAccount = (name: ParameterName): string | undefined =>
  name.startsWith("arn:") ? SHARED.exec(name)?.[1] : undefined;

/** Whether it is a name under `/aws/`, which AWS alone gives. */
export const isReservedName = (name: string): boolean => RESERVED.test(name);

/** Whether SSM passes it on to Secrets Manager. */
export const isSecretReference = (name: ParameterName): boolean => name.startsWith(SECRETS);
