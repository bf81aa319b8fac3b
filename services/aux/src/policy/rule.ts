/** One rule of a policy: whom it is about, and what. */
import type { ParameterName } from "@airlock/contract";
import type { Glob } from "./glob.ts";
import { type ParameterGlob, spaceOf } from "./parameter-glob.ts";

export const VERBS = ["list", "read", "presign-get", "presign-put"] as const;
export type Verb = (typeof VERBS)[number];

export type Resource =
  | {
      readonly kind: "parameter";
      readonly name: ParameterName;
      /** Whether a SecureString is shown in the clear. */
      readonly decrypted?: boolean;
    }
  | { readonly kind: "bucket"; readonly name: string }
  | { readonly kind: "object"; readonly bucket: string; readonly key: string }
  /** Whatever keys of a bucket begin so. */
  | { readonly kind: "prefix"; readonly bucket: string; readonly prefix: string };

/** Who asks. */
export interface Subject {
  /** The caller's verified name; undefined where callers are not asked who they are. */
  readonly caller: string | undefined;
  /** Groups in the caller's token. */
  readonly groups: readonly string[] | undefined;
}

/** Name of a caller who was not asked for one. */
export const ANONYMOUS = "anonymous";

export interface ObjectGlob {
  matchesBucket(bucket: string): boolean;
  readonly key: Glob;
}

export interface Group {
  readonly name: string;
  /** Whether the group's own list names the caller. */
  holds(caller: string): boolean;
}

export interface Rule {
  readonly id: string;
  /** Where it stands in the file, from 1. */
  readonly line: number;
  readonly effect: "allow" | "deny";
  readonly verbs: ReadonlySet<Verb>;
  readonly callers: readonly ((caller: string) => boolean)[];
  readonly groups: readonly Group[];
  /** Named by `*`. */
  readonly isForEverybody: boolean;
  readonly parameters: readonly ParameterGlob[];
  readonly buckets: readonly Glob[];
  readonly objects: readonly ObjectGlob[];
  /** Allow: SecureStrings may be decrypted as well. Deny: nothing but decrypting them is denied. */
  readonly decrypt: boolean;
}

/** Whether a rule is about this caller: by name, or by a group of the file or of the token. */
export function isAbout({ callers, groups }: Rule, subject: Subject): boolean {
  const { caller = ANONYMOUS, groups: carried = [] } = subject;
  return (
    callers.some((matches) => matches(caller)) ||
    groups.some(({ name, holds }) => carried.includes(name) || holds(caller))
  );
}

/** Whether a rule's globs hold this resource, whatever the verb. */
export function isOver(rule: Rule, resource: Resource): boolean {
  switch (resource.kind) {
    case "parameter":
      return holdsName(rule, resource.name) && minds(rule, resource);
    case "bucket":
      return rule.buckets.some((glob) => glob.matches(resource.name));
    case "object":
      return rule.objects.some(
        ({ matchesBucket, key }) => matchesBucket(resource.bucket) && key.matches(resource.key),
      );
    case "prefix":
      return rule.objects.some(
        ({ matchesBucket, key }) => matchesBucket(resource.bucket) && isBelow(rule, key, resource),
      );
  }
}

/** A prefix is allowed if something below may be, and denied only if all of it is. */
function isBelow({ effect }: Rule, key: Glob, { prefix }: { prefix: string }): boolean {
  return effect === "allow" ? key.couldMatchBelow(prefix) : key.coversBelow(prefix);
}

function holdsName({ parameters }: Rule, name: ParameterName): boolean {
  const space = spaceOf(name);
  return parameters.some((glob) => glob.space === space && glob.matches(name));
}

/** Whether the rule's `decrypt` goes with showing the parameter, in the clear or not. */
export function minds(
  { effect, decrypt }: Rule,
  { decrypted = false }: { decrypted?: boolean },
): boolean {
  return effect === "allow" ? decrypt || !decrypted : decrypted || !decrypt;
}
