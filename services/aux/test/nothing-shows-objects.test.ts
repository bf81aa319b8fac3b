/**
 * Generated policies and requests before buckets with all objects, and before the same without those
 * that the policy hides (in stores that differ where stores of S3's kind do): whoever asks receives the
 * same, byte by byte, and the same as somebody who may see everything that is left. Once more with leaks
 * that are planted, and found.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { App } from "@airlock/http";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { OPEN_READS, type Policy, type Verb } from "../src/policy/policy.ts";
import { type MemoryObjects, memoryObjects } from "./memory-objects.ts";
import { casesOf, type Generator, generator } from "./policy-generator.ts";
import { ask, type RuleSource, type Source } from "./policy-oracle.ts";
import { appOn } from "./two-worlds.ts";

const POLICIES = casesOf(20, 240);
const REQUESTS = 14;
/** One policy in so many is asked with leaks too. */
const LEAKY = casesOf(2, 4);
const BUCKETS = ["data", "logs"];
const KEYS = [
  ...["a", "a/", "a/a", "a/b", "a/b/a", "a/b/b", "a/ab", "a/b/a/b", "ab", "ab/a", "b", "b/a/b"],
  ...["b//a", "b/\u{1f986}", "b/\uffff", "/a", "a.b", "a0"],
];
/** Pages of S3, in turn: short, empty and whole. */
const SIZES = [2, 0, 1, 3, 1000];
const NOBODY = { caller: undefined, groups: undefined };

const globIn = ({ one, some }: Generator) =>
  `${one([...BUCKETS, "*"])}/${some(() => one(["a", "b", "ab", "", "*", "a*", "*b", "**"]), 4).join("/")}`;

function ruleIn(g: Generator, id: string): RuleSource {
  const effect = g.one(["allow", "allow", "deny"] as const);
  const verbs = [g.one([["list"], ["read"], ["list", "read"]] as const)].flat();
  const key = () => `${g.one(BUCKETS)}/${g.one(KEYS)}`;
  const objects = g.some(() => (g.below(4) === 0 ? key() : globIn(g)));
  const isSound = (glob: string) => glob.split("/").slice(1).join("/") !== "";
  return {
    id,
    effect,
    callers: ["*"],
    verbs,
    objects: objects.map((one) => (isSound(one) ? one : "*/a")),
  };
}

/** Some rules, or everything but some. */
function sourceIn(g: Generator): Source {
  const rules = Array.from({ length: 1 + g.below(4) }, (_, n) => ruleIn(g, `r${n}`));
  const all = { id: "all", callers: ["*"], verbs: ["list", "read"], objects: ["*/**"] } as const;
  return { version: 1, rules: g.below(2) === 0 ? rules : [...rules, all] };
}

type Kind = Extract<Verb, "list" | "read">;
type Stored = ReadonlyMap<string, readonly string[]>;

/** What a naive reading of the policy leaves of the buckets; those of which it can leave nothing are not there. */
function visibleIn(source: Source, policy: Policy, kind: Kind): Stored {
  const isSeen = (bucket: string, key: string) =>
    ask(source, NOBODY, kind, { kind: "object", bucket, key }).allow;
  const left = BUCKETS.filter(
    (bucket) => policy.decide(NOBODY, kind, { kind: "prefix", bucket, prefix: "" }).allow,
  );
  return new Map(left.map((bucket) => [bucket, KEYS.filter((key) => isSeen(bucket, key))]));
}

function requestIn(g: Generator, kind: Kind): string {
  const bucket = g.one(BUCKETS);
  const key = encodeURIComponent(g.one([...KEYS, "none", "a/none"]));
  if (kind === "read") {
    const version = g.one(["", "", "&version=null", "&version=none"]);
    return `${g.one(["GET", "GET", "HEAD"])} /s3/objects?bucket=${bucket}&key=${key}${version}`;
  }
  if (g.below(5) === 0) return `GET /s3/versions?bucket=${bucket}&key=${key}`;
  const words = [
    g.one([
      "",
      "prefix=a",
      "prefix=a/",
      "prefix=a/b",
      "prefix=b/",
      "prefix=b//",
      "prefix=c",
      "prefix=%2F",
    ]),
    g.one(["", "delimiter=/"]),
    g.one(["", "limit=1", "limit=2", "limit=3"]),
  ];
  return `GET /s3/buckets/${bucket}?${words.filter(Boolean).join("&")}`;
}

/** Everything that an answer is, and all pages that follow it. */
async function receive(app: App, request: string): Promise<string[]> {
  const [method, url = ""] = request.split(" ");
  const received: string[] = [];
  for (let next = url; next && received.length < 50; ) {
    const headers = { "x-request-id": "same" };
    const answer = await app.inject({
      method: method === "HEAD" ? "HEAD" : "GET",
      url: next,
      headers,
    });
    const { date: _date, ...others } = answer.headers;
    received.push(JSON.stringify([answer.statusCode, others, answer.body]));
    const cursor = /"next_cursor":"([^"]+)"/.exec(answer.body)?.[1];
    next = cursor === undefined ? "" : `${url}&cursor=${cursor}`;
  }
  return received;
}

/** Each way to ask, for each object. */
function sweep(kind: Kind): string[] {
  return BUCKETS.flatMap((bucket) => {
    if (kind === "list") {
      const of = (words: string) => `GET /s3/buckets/${bucket}?${words}`;
      return ["", "limit=1", "delimiter=/", "delimiter=/&prefix=a/", "prefix=b/"].map(of);
    }
    const of = (key: string) => `GET /s3/objects?bucket=${bucket}&key=${encodeURIComponent(key)}`;
    return KEYS.map(of);
  });
}

type Leak = (policy: Policy, world: MemoryObjects) => Policy;

const none: Leak = (policy) => policy;

/** Shows a prefix because something below it could be allowed, whether that is there or not. */
const unprobed: Leak = (policy) => ({
  ...policy,
  keys(...asked) {
    const keys = policy.keys(...asked);
    return { ...keys, covers: (prefix) => prefix !== "" && keys.reach(prefix).length > 0 };
  },
});

/** Takes S3's word for whether more follows. */
const hasMore: Leak = (policy) => ({
  ...policy,
  keys(...asked) {
    const keys = policy.keys(...asked);
    return { ...keys, covers: (prefix) => prefix === "" || keys.covers(prefix) };
  },
});

/** Lets one object through that the policy hides. */
const hole =
  (bucket: string, key: string): Leak =>
  (policy) => ({
    ...policy,
    keys: OPEN_READS.keys,
    decide(subject, verb, resource) {
      const isHole =
        resource.kind === "object" && resource.key === key && resource.bucket === bucket;
      if (isHole || resource.kind === "prefix") return { allow: true, rule: "hole" };
      return policy.decide(subject, verb, resource);
    },
  });

/** Says 403 of what is denied and there, 404 of what is not there. */
const tellTale: Leak = (policy, world) => {
  let isThere = false;
  return {
    ...policy,
    get deniedStatus() {
      return isThere ? (403 as const) : (404 as const);
    },
    decide(subject, verb, resource) {
      isThere = resource.kind === "object" && world.has(resource.bucket, resource.key);
      return policy.decide(subject, verb, resource);
    },
  };
};

interface Pair {
  readonly full: App;
  readonly bare: App;
}

/** One aux before each of the two, and a switch for what both leak from now on. */
async function startPair(t: TestContext, full: MemoryObjects, bare: MemoryObjects) {
  let policies = { full: OPEN_READS, bare: OPEN_READS };
  return {
    full: await appOn(t, full.aws, () => policies.full),
    bare: await appOn(t, bare.aws, () => policies.bare),
    use(policy: Policy, leak: Leak) {
      policies = { full: leak(policy, full), bare: leak(policy, bare) };
    },
  };
}

async function differs({ full, bare }: Pair, requests: readonly string[]): Promise<boolean> {
  for (const request of requests) {
    const [first, second] = await Promise.all([receive(full, request), receive(bare, request)]);
    if (JSON.stringify(first) !== JSON.stringify(second)) return true;
  }
  return false;
}

test(`${POLICIES} policies with ${REQUESTS} requests of each kind: denied objects and objects that are not there are the same`, async (t) => {
  const full = memoryObjects(SIZES);
  const bare = memoryObjects(SIZES, false);
  const pair = await startPair(t, full, bare);
  const open = await appOn(t, bare.aws, () => OPEN_READS);
  full.fill(new Map(BUCKETS.map((bucket) => [bucket, KEYS])));
  const seen = {
    compared: 0,
    shown: 0,
    hidden: 0,
    holes: 0,
    unprobed: 0,
    hasMore: 0,
    telling: 0,
    reads: 0,
  };
  for (let seed = 1; seed <= POLICIES; seed++) {
    const g = generator(seed);
    const source = sourceIn(g);
    const policy = parsePolicy(JSON.stringify(source));
    for (const kind of ["list", "read"] as const) {
      const visible = visibleIn(source, policy, kind);
      bare.fill(visible);
      pair.use(policy, none);
      const context = (request: string) => `policy ${seed}: ${JSON.stringify(source)}\n${request}`;
      for (let n = 0; n < REQUESTS; n++) {
        const request = requestIn(g, kind);
        const first = await receive(pair.full, request);
        const second = await receive(pair.bare, request);
        const third = await receive(open, request);
        if (JSON.stringify(first) !== JSON.stringify(second)) {
          assert.deepEqual(first, second, context(request));
        }
        // of an object in a bucket that is not there, whoever may read it is told so
        const isBucketThere = BUCKETS.every((one) => visible.has(one) || !request.includes(one));
        const isComparable = isBucketThere || request.includes("/s3/buckets/");
        if (isComparable && JSON.stringify(first) !== JSON.stringify(third)) {
          assert.deepEqual(first, third, context(request));
        }
        seen.compared += isComparable ? 2 * first.length : first.length;
        if (
          first[0]?.startsWith("[200") &&
          !first[0].includes('"objects\\":[],\\"prefixes\\":[]')
        ) {
          seen.shown++;
        }
      }
      const hidden = BUCKETS.flatMap((bucket) =>
        KEYS.filter((key) => !visible.get(bucket)?.includes(key)).map((key) => ({ bucket, key })),
      ).filter(({ bucket }) => visible.has(bucket));
      if (hidden.length === 0 || seed % LEAKY !== 0) continue;
      seen.hidden++;
      const isFound = (leak: Leak) => {
        pair.use(policy, leak);
        return differs(pair, sweep(kind));
      };
      const { bucket, key } = g.one(hidden);
      if (await isFound(hole(bucket, key))) seen.holes++;
      else assert.fail(`the hole ${key} was not found: ${context(kind)}`);
      if (kind === "list") {
        if (await isFound(unprobed)) seen.unprobed++;
        if (await isFound(hasMore)) seen.hasMore++;
      } else {
        seen.reads++;
        if (await isFound(tellTale)) seen.telling++;
      }
    }
  }
  t.diagnostic(JSON.stringify(seen));
  // each kind of request before three of them, most with a page or more to compare
  const asked = POLICIES * REQUESTS * 2;
  assert.ok(seen.compared > 2 * asked && seen.shown > asked / 7, JSON.stringify(seen));
  const leaky = POLICIES / LEAKY;
  assert.ok(seen.hidden > leaky / 2 && seen.holes === seen.hidden, JSON.stringify(seen));
  assert.ok(seen.reads > leaky / 4 && seen.telling === seen.reads, JSON.stringify(seen));
  assert.ok(seen.unprobed > POLICIES / 10 && seen.hasMore > POLICIES / 10, JSON.stringify(seen));
});
