/** Generated policies and requests: every decision is the one that a naive reading comes to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalParameterPath } from "@airlock/contract";
import { beginningOf, type TreeRoot, treeRoots } from "../src/parameters/tree-roots.ts";
import { compileGlob, globFault } from "../src/policy/glob.ts";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import type { Resource } from "../src/policy/policy.ts";
import { VERBS } from "../src/policy/rule.ts";
import {
  BUCKETS,
  COMMON,
  type Generator,
  generator,
  itemIn,
  keyIn,
  nameIn,
  sourceIn,
  subjectIn,
  WORDS,
} from "./policy-generator.ts";
import { ask, likePath, type Source } from "./policy-oracle.ts";

const POLICIES = 1500;
const REQUESTS = 10;

test(`${POLICIES * REQUESTS} generated requests are decided as a naive reading decides them`, () => {
  const seen = { allow: 0, deny: 0, default: 0 };
  for (let seed = 1; seed <= POLICIES; seed++) {
    const g = generator(seed);
    const source = sourceIn(g);
    const policy = parsePolicy(JSON.stringify(source));
    for (let count = 0; count < REQUESTS; count++) {
      const [subject, verb, item] = [
        subjectIn(g),
        g.one([...COMMON, g.one(VERBS)]),
        itemIn(g),
      ] as const;
      const wanted = ask(source, subject, verb, item);
      const found = policy.decide(subject, verb, item);
      const context = () => JSON.stringify({ seed, source, subject, verb, item }, undefined, 1);
      if (found.allow !== wanted.allow || found.rule !== wanted.rule) {
        assert.deepEqual(found, wanted, context());
      }
      seen[wanted.allow ? "allow" : wanted.rule === "default" ? "default" : "deny"]++;
    }
  }
  // a generator that meets no rule would prove nothing
  assert.ok(Math.min(...Object.values(seen)) > 800, JSON.stringify(seen));
});

test("a list keeps every allowed item and no denied one, and so does what leads to it", () => {
  let shown = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const g = generator(seed);
    const source = sourceIn(g);
    const policy = parsePolicy(JSON.stringify(source));
    const subject = subjectIn(g);
    const bucket = g.one(BUCKETS);
    const keys = [...new Set(Array.from({ length: 40 }, () => keyIn(g)))];
    const mayList = (resource: Resource) => policy.decide(subject, "list", resource).allow;
    const allowed = keys.filter(
      (key) => ask(source, subject, "list", { kind: "object", bucket, key }).allow,
    );
    assert.deepEqual(
      keys.filter((key) => mayList({ kind: "object", bucket, key })),
      allowed,
    );
    shown += allowed.length;
    for (const key of allowed) {
      for (let length = 0; length <= key.length; length++) {
        const prefix = key.slice(0, length);
        const context = () => JSON.stringify({ seed, source, subject, bucket, key, prefix });
        if (!mayList({ kind: "prefix", bucket, prefix })) assert.fail(context());
      }
    }
  }
  assert.ok(shown > 800, String(shown));
});

/** A policy that allows little, all of it deep. */
function narrowSourceIn(g: Generator): Source {
  const deep = () => `/${g.one(WORDS)}/${g.one(WORDS)}${g.one(["", "/**", "/a*", "/*/b"])}`;
  const parameters = g.some(() => g.one([deep, deep, () => g.one(WORDS)])());
  const rule = { id: "deep", callers: ["*"], verbs: ["read"], parameters, decrypt: true } as const;
  const source = sourceIn(g);
  return { ...source, rules: [...source.rules.filter(({ effect }) => effect === "deny"), rule] };
}

test("every parameter that is allowed is in one tree of those that are asked for, and in one only", () => {
  const paths = ["/", ...WORDS.map((word) => `/${word}`), "/a/b", "/ab/a"].map(
    (path) => canonicalParameterPath(path) ?? assert.fail(path),
  );
  const [root = assert.fail()] = paths;
  const isIn = ({ path, recursive }: TreeRoot, name: string): boolean => {
    const below = name.startsWith("/") ? name : `/${name}`;
    const start = path === "/" ? path : `${path}/`;
    return below.startsWith(start) && (recursive || !below.slice(start.length).includes("/"));
  };
  const seen = { allowed: 0, none: 0, narrowed: 0 };
  for (let seed = 1; seed <= 1500; seed++) {
    const g = generator(seed);
    const source = g.one([sourceIn, narrowSourceIn])(g);
    const policy = parsePolicy(JSON.stringify(source));
    const subject = subjectIn(g);
    const names = Array.from({ length: 40 }, () => nameIn(g)).filter(
      (name) => !/^(\/aws|arn)/.test(name),
    );
    const whole = { path: g.one([root, root, ...paths]), recursive: g.one([true, true, false]) };
    const decrypted = g.one([true, false]);
    const prefix = beginningOf(whole.path);
    const below = { prefix, isOneLevel: !whole.recursive, decrypted };
    const roots = treeRoots(whole, policy.reach(subject, "read", below));
    if (roots.length === 0) seen.none++;
    else if (roots[0]?.path !== whole.path) seen.narrowed++;
    for (const name of names) {
      const item = { kind: "parameter", name, decrypted } as const;
      const isAllowed = isIn(whole, name) && ask(source, subject, "read", item).allow;
      if (isAllowed) seen.allowed++;
      const holding = roots.filter((root) => isIn(root, name)).length;
      if (isAllowed ? holding !== 1 : holding > 1) {
        assert.fail(JSON.stringify({ seed, source, subject, whole, roots, name, decrypted }));
      }
    }
  }
  assert.ok(Math.min(...Object.values(seen)) > 30, JSON.stringify(seen));
});

test("what a glob may and must hold below a prefix is exact, over every short key", () => {
  const words = (alphabet: string, longest: number): string[] => {
    const found = [""];
    for (const word of found) {
      if (word.length < longest) found.push(...[...alphabet].map((letter) => word + letter));
    }
    return found;
  };
  const keys = words("ab/", 6).slice(1);
  const prefixes = words("a/", 3);
  for (const text of words("a/*", 4)) {
    if (globFault(text)) continue;
    const glob = compileGlob(text);
    const matching = new Set(keys.filter((key) => likePath(text.split("/"), key.split("/"))));
    for (const key of keys) {
      if (glob.matches(key) !== matching.has(key)) assert.fail(`${text} and ${key}`);
    }
    for (const prefix of prefixes) {
      const below = keys.filter((key) => key.startsWith(prefix));
      if (prefix === "" || prefix.endsWith("/")) {
        const children = below.filter((key) => !key.slice(prefix.length).includes("/"));
        const some = children.some((key) => matching.has(key));
        // a key of six is the longest here, and a star may need one longer than that
        if (some) assert.ok(glob.couldMatchChild(prefix), `${text} one below ${prefix}`);
        else if (prefix.length < 3 && !likePath(text.split("/"), prefix.split("/")))
          assert.ok(!glob.couldMatchChild(prefix), `${text} one below ${prefix}`);
      }
      const found = { some: glob.couldMatchBelow(prefix), all: glob.coversBelow(prefix) };
      const wanted = {
        some: below.some((key) => matching.has(key)),
        all: below.every((key) => matching.has(key)),
      };
      assert.deepEqual(found, wanted, `${text} below ${prefix}`);
    }
  }
});
