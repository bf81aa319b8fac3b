/** Policies and requests of few words, so that globs and names meet often; the same for the same seed. */
import type { ParameterName } from "@airlock/contract";
import type { Subject, Verb } from "../src/policy/policy.ts";
import { VERBS } from "../src/policy/rule.ts";
import type { Item, RuleSource, Source } from "./policy-oracle.ts";

/** Numbers from 0 to below 1, the same ones for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How many cases there are: `pnpm soak`, which sets the variable, has the time for more of them. */
export const casesOf = (test: number, soak: number): number =>
  process.env.GENERATED_CASES === "soak" ? soak : test;

export function generator(seed: number) {
  const next = numbers(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  const one = <T>(choices: readonly T[]) => choices[below(choices.length)] as T;
  const some = <T>(make: () => T, max = 3) => Array.from({ length: 1 + below(max) }, make);
  const maybe = <T>(make: () => T) => (next() < 0.5 ? make() : undefined);
  return { below, one, some, maybe };
}
export type Generator = ReturnType<typeof generator>;

const CALLERS = ["ann", "anna", "bob/ci", undefined];
const GROUPS = ["devs", "ops"];
export const COMMON: readonly Verb[] = ["list", "read"];
export const WORDS = ["a", "b", "ab", "aab"];
export const BUCKETS = ["data", "data-b", "logs"];

/** Names of AWS's and of another account, which a rule must spell. */
export const SPELT = [
  "/aws/service/a",
  "/aws/reference/secretsmanager/a",
  "arn:aws:ssm:eu-west-1:444455556666:parameter/a/b",
] as const;

export const nameIn = ({ one, some, below }: Generator) => {
  if (below(8) === 0) return one(SPELT) as ParameterName;
  const levels = some(() => one(WORDS));
  return (levels.length > 1 ? `/${levels.join("/")}` : (levels[0] ?? "a")) as ParameterName;
};
export const keyIn = ({ one, some }: Generator) =>
  some(() => one([...WORDS, ""]), 4).join("/") || "a";
const pathGlobIn = ({ one, some }: Generator) =>
  some(() => one([...WORDS, "*", "a*", "*b", "*a*b", "**", "**"]), 4);

function ruleIn(g: Generator, id: string): RuleSource {
  const objects = g.maybe(() =>
    g.some(() => `${g.one([...BUCKETS, "*", "data*"])}/${pathGlobIn(g).join("/")}`),
  );
  const buckets = g.maybe(() => g.some(() => g.one([...BUCKETS, "*", "data*"])));
  const parameters =
    g.maybe(() => g.some(() => parameterGlobIn(g))) ?? (objects || buckets ? undefined : ["**"]);
  const effect = g.one(["allow", "allow", "deny"] as const);
  const decrypt = parameters ? g.one([true, false]) : false;
  const about = { id, effect, ...aboutIn(g) };
  if (effect === "deny" && decrypt && parameters) {
    return { ...about, parameters, verbs: ["read"], decrypt };
  }
  const verbs = [...new Set([...COMMON, g.one(VERBS)])];
  return { ...about, verbs, parameters, objects, buckets, decrypt } as RuleSource;
}

function aboutIn(g: Generator): Pick<RuleSource, "callers" | "groups"> {
  if (g.below(3) === 0) return { groups: g.some(() => g.one(GROUPS), 2) };
  return { callers: g.some(() => g.one(["*", "ann", "ann*", "*/ci", "anonymous"]), 2) };
}

function parameterGlobIn(g: Generator): string {
  if (g.below(10) === 0) return g.one([...SPELT, "/aws/**", "/aws/*/a", "arn:*/**", "arn:*/a/*"]);
  const parts = pathGlobIn(g);
  if (parts.length === 1) return parts[0] ?? "*";
  return parts[0] === "**" ? parts.join("/") : `/${parts.join("/")}`;
}

export function sourceIn(g: Generator): Source {
  const rules = Array.from({ length: 1 + g.below(5) }, (_, index) => ruleIn(g, `r${index}`));
  return { version: 1, groups: { devs: ["bob*"], ops: [] }, rules };
}

export function itemIn(g: Generator): Item {
  const bucket = g.one(BUCKETS);
  return g.one<() => Item>([
    () => ({ kind: "parameter", name: nameIn(g), decrypted: g.one([true, false]) }),
    () => ({ kind: "bucket", name: bucket }),
    () => ({ kind: "object", bucket, key: keyIn(g) }),
  ])();
}

export const subjectIn = (g: Generator): Subject => ({
  caller: g.one(CALLERS),
  groups: g.maybe(() => g.some(() => g.one([...GROUPS, "others"]), 2)),
});
