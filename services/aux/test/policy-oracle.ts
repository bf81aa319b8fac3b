/** What a policy means, written a second time: plain recursion over the source, no compiling, no memory. */
import type { Resource, Subject, Verb } from "../src/policy/policy.ts";

export interface RuleSource {
  readonly id: string;
  readonly effect?: "allow" | "deny";
  readonly callers?: readonly string[];
  readonly groups?: readonly string[];
  readonly verbs: readonly Verb[];
  readonly parameters?: readonly string[];
  readonly buckets?: readonly string[];
  readonly objects?: readonly string[];
  readonly decrypt?: boolean;
}

export interface Source {
  readonly version: 1;
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  readonly rules: readonly RuleSource[];
}

/** Whether `*` for any characters makes the two equal. */
export function likeText(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  if (pattern.startsWith("*")) {
    return likeText(pattern.slice(1), text) || (text !== "" && likeText(pattern, text.slice(1)));
  }
  return text[0] === pattern[0] && likeText(pattern.slice(1), text.slice(1));
}

/** The same over segments, with `**` for any number of them, at the end for one at least. */
export function likePath(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...others] = pattern;
  if (first === undefined) return path.length === 0;
  if (first === "**") {
    if (others.length === 0) return path.length > 0;
    return likePath(others, path) || (path.length > 0 && likePath(pattern, path.slice(1)));
  }
  const [segment, ...rest] = path;
  return segment !== undefined && likeText(first, segment) && likePath(others, rest);
}

const like = (glob: string, name: string) => likePath(glob.split("/"), name.split("/"));

/** Prefixes aside, for they are about keys that nobody has named yet. */
export type Item = Exclude<Resource, { kind: "prefix" }>;

/** The id of the rule that decides and whether it allows. */
export function ask(source: Source, subject: Subject, verb: Verb, item: Item) {
  const deciding = (effect: "allow" | "deny") =>
    source.rules.find(
      (rule) =>
        (rule.effect ?? "allow") === effect &&
        rule.verbs.includes(verb) &&
        concerns(source, rule, subject) &&
        holds(rule, item) &&
        mayBeDecrypted(rule, item),
    );
  const denying = deciding("deny");
  if (denying) return { allow: false, rule: denying.id };
  const allowing = deciding("allow");
  return { allow: allowing !== undefined, rule: allowing?.id ?? "default" };
}

function concerns({ groups = {} }: Source, rule: RuleSource, subject: Subject): boolean {
  const name = subject.caller ?? "anonymous";
  if (rule.callers?.some((caller) => likeText(caller, name))) return true;
  for (const group of rule.groups ?? []) {
    if (subject.groups?.includes(group)) return true;
    if (groups[group]?.some((caller) => likeText(caller, name))) return true;
  }
  return false;
}

function holds({ parameters, buckets, objects }: RuleSource, item: Item): boolean {
  if (item.kind === "parameter") {
    const spelt = beginningOf(item.name);
    const isAbout = (glob: string) => beginningOf(glob) === spelt && like(glob, item.name);
    return parameters?.some(isAbout) ?? false;
  }
  if (item.kind === "bucket") return buckets?.some((glob) => likeText(glob, item.name)) ?? false;
  return objects?.some((glob) => like(glob, `${item.bucket}/${item.key}`)) ?? false;
}

/** What a rule must spell. */
const beginningOf = (text: string) => /^(\/aws\/|arn:)/.exec(text)?.[0];

function mayBeDecrypted({ effect = "allow", decrypt }: RuleSource, item: Item): boolean {
  const isDecrypted = item.kind === "parameter" && item.decrypted === true;
  if (effect === "allow") return !isDecrypted || decrypt === true;
  return decrypt !== true || isDecrypted;
}
