/**
 * Generated policies and requests before two accounts, one of which lacks all that the policy hides:
 * whoever asks receives the same, byte by byte. The same with faults that are planted, and found.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Aws, ParameterStore, Tree } from "@airlock/aws";
import type { ParameterName } from "@airlock/contract";
import type { App } from "@airlock/http";
import { resourceOf } from "../src/policy/cli-name.ts";
import { explain } from "../src/policy/explain.ts";
import { readPolicy } from "../src/policy/parse-policy.ts";
import { createPolicy, OPEN_READS, type Policy, type Verb } from "../src/policy/policy.ts";
import { casesOf, type Generator, generator, sourceIn } from "./policy-generator.ts";
import { ask, type Source } from "./policy-oracle.ts";
import { appOn, type Kind, type Known, PARAMETERS, startWorld } from "./two-worlds.ts";

const POLICIES = casesOf(12, 80);
const REQUESTS = casesOf(100, 145);
const THEIRS = "arn:aws:ssm:eu-west-1:444455556666:parameter/a/c";
const ABSENT = ["c", "/a/c", "/c/a", "/aws/service/c", "/aws/reference/secretsmanager/c", THEIRS];
const NAMES = [...PARAMETERS.map(({ name }) => name), ...ABSENT];
const NOBODY = { caller: undefined, groups: undefined };

/** Any policy, or one that allows all but some. */
function policyIn(g: Generator): Source {
  const source = sourceIn(g);
  if (g.below(3) === 0) return source;
  const about = { callers: ["*"], verbs: ["list", "read"] } as const;
  const names = [...new Set(g.some(() => g.one(PARAMETERS).name, 4))];
  const rules = [
    { id: "all", ...about, parameters: ["**", "/aws/**", "arn:*/**"], decrypt: g.below(2) === 0 },
    { id: "but", ...about, effect: "deny", parameters: names },
  ] as const;
  return { ...source, rules: [...source.rules, ...rules] };
}

/** What a naive reading of the policy lets show. */
function isVisible(source: Source, kind: Kind, { name, type }: Known): boolean {
  const decrypted = kind === "clear" && type === "SecureString";
  const verb: Verb = kind === "list" ? "list" : "read";
  return ask(source, NOBODY, verb, { kind: "parameter", name, decrypted }).allow;
}

/** Lists show the account's own alone, and a secret that is not decrypted is refused, there or not. */
const couldShow = (kind: Kind, { name }: Known): boolean =>
  kind === "list" ? isOwn(name) : kind === "clear" || !name.includes("secretsmanager");
const isOwn = (name: string): boolean => !/^(\/aws|arn)/.test(name);

/** A name as somebody may write it. */
const spellingIn = ({ one }: Generator, name: string): string => {
  const bare = name.replace(/^\//, "");
  return name.startsWith("arn:") ? name : one([name, bare, `/${bare}`]);
};

function requestIn(g: Generator, kind: Kind): string {
  const limit = g.one(["", "", "&limit=1", "&limit=2", "&limit=5"]);
  if (kind === "list") {
    const prefix = g.one(["", "/", "a", "/a", "a/", "/a/b", "b/", "/c", "aws/"]);
    const type = g.one(["", "", "&type=String", "&type=SecureString"]);
    return `/parameters?${prefix && `prefix=${prefix}`}${type}${limit}`.replace("?&", "?");
  }
  const decrypt = `decrypt=${kind === "clear"}`;
  return g.one([
    () => {
      const path = g.one([
        "/",
        "/a",
        "a/",
        "/b",
        "/a/b",
        "/b/a/",
        "/ab",
        "/c",
        "/aws",
        "/aws/service",
      ]);
      return `/parameters?path=${path}&recursive=${g.one([true, false])}&${decrypt}${limit}`;
    },
    () => {
      const names = [...new Set(g.some(() => g.one(NAMES), 6))].map((name) => spellingIn(g, name));
      return `/parameters?${names.map((name) => `name=${encodeURIComponent(name)}`).join("&")}&${decrypt}`;
    },
    () => {
      const selection = g.one([
        "",
        "",
        "&version=1",
        "&version=2",
        "&label=AWSCURRENT",
        "&label=x",
      ]);
      return `/parameters/${spellingIn(g, g.one(NAMES))}?${decrypt}${selection}`;
    },
  ])();
}

/** Requests that together ask for everything. */
const sweep = (kind: Kind): string[] =>
  kind === "list"
    ? ["/parameters", "/parameters?limit=1"]
    : [
        `/parameters?path=/&recursive=true&decrypt=${kind === "clear"}`,
        `/parameters?${PARAMETERS.map(({ name }) => `name=${name}`).join("&")}&decrypt=${kind === "clear"}`,
      ];

interface Setting {
  readonly full: App;
  readonly bare: App;
}

/** All that a client receives, of all pages. */
async function receive(app: App, url: string, accept: string): Promise<string[]> {
  const received: string[] = [];
  let next = url;
  while (next && received.length < 50) {
    const headers = { "x-request-id": "one", accept };
    const answer = await app.inject({ url: next, headers });
    const { date: _, ...others } = answer.headers;
    // somebody may have read this version before or not, in either world: it is not hidden
    if (/version=|label=/.test(url)) for (const name of ["x-cache", "age"]) delete others[name];
    received.push(JSON.stringify([answer.statusCode, others, answer.body]));
    const cursor = /"next_cursor":"([^"]+)"/.exec(answer.body)?.[1];
    next = cursor === undefined ? "" : `${url}&cursor=${cursor}`;
  }
  return received;
}

/** What each of the two gives. */
const receiveBoth = ({ full, bare }: Setting, url: string, accept = "*/*") =>
  Promise.all([receive(full, url, accept), receive(bare, url, accept)]);

async function differs(setting: Setting, urls: readonly string[]): Promise<boolean> {
  for (const url of urls) {
    const [full, bare] = await receiveBoth(setting, url);
    if (JSON.stringify(full) !== JSON.stringify(bare)) return true;
  }
  return false;
}

/** Lets one name through that the policy hides. */
const withHole = (policy: Policy, hole: ParameterName): Policy => ({
  ...policy,
  decide: (subject, verb, resource) =>
    resource.kind === "parameter" && resource.name === hole
      ? { allow: true, rule: "hole" }
      : policy.decide(subject, verb, resource),
  reach: (_subject, _verb, { prefix }) => [prefix],
});

/** Names as SSM spells them, so that a rule about `a` is not about `/a`. */
function withSsmSpelling(aws: Aws): Aws {
  const store = aws.parameters;
  const spelt = <T extends { readonly name: ParameterName }>(one: T): T =>
    ["a", "ab"].includes(one.name) ? { ...one, name: `/${one.name}` as ParameterName } : one;
  const parameters: ParameterStore = {
    ...store,
    async list(options) {
      const found = await store.list(options);
      return { ...found, value: found.value.map(spelt) };
    },
    async tree(path, options) {
      const found = await store.tree(path, options);
      const value: Tree = { ...found.value, parameters: found.value.parameters.map(spelt) };
      return { ...found, value };
    },
  };
  return { ...aws, parameters };
}

/** Asks for everything in the clear, so that KMS's refusals tell of what may not be had so. */
function withEagerDecrypting(aws: Aws): Aws {
  const store = aws.parameters;
  const parameters: ParameterStore = {
    ...store,
    get: (name, options) => store.get(name, { ...options, decrypt: true }),
    getMany: (names, options) => store.getMany(names, { ...options, decrypt: true }),
  };
  return { ...aws, parameters };
}

async function startAll(t: TestContext, policyOf: () => Policy) {
  const startedAt = Date.now();
  const full = await startWorld(t, startedAt, policyOf);
  const bare = await startWorld(t, startedAt, policyOf);
  await full.fill(PARAMETERS);
  const both = async (
    faulty: (aws: Aws) => Aws,
    policy: () => Policy = policyOf,
  ): Promise<Setting> => ({
    full: await appOn(t, faulty(full.aws), policy),
    bare: await appOn(t, faulty(bare.aws), policy),
  });
  return { full, bare, both };
}

test(`${POLICIES} policies with ${REQUESTS} requests each: what is denied and what is not there are the same`, async (t) => {
  let policy = OPEN_READS;
  let hole: ParameterName | undefined;
  const { full, bare, both } = await startAll(t, () => policy);
  const sound = { full: full.app, bare: bare.app };
  const holey = await both(
    (aws) => aws,
    () => (hole ? withHole(policy, hole) : policy),
  );
  const misspelt = await both(withSsmSpelling);
  const eager = await both(withEagerDecrypting);
  const seen = { requests: 0, hidden: 0, holes: 0, misspelt: 0, eager: 0, explained: 0 };
  for (let seed = 1; seed <= POLICIES; seed++) {
    const g = generator(seed);
    const source = policyIn(g);
    const content = readPolicy(JSON.stringify(source));
    policy = createPolicy(content.rules, content.deniedStatus);
    const kind = g.one(["list", "sealed", "clear", "clear"] as const);
    const visible = PARAMETERS.filter((one) => isVisible(source, kind, one));
    await bare.fill(visible, kind);
    const context = (url: string) => `policy ${seed}: ${JSON.stringify(source)}\n${kind} ${url}`;
    for (let i = 0; i < REQUESTS; i++) {
      const url = requestIn(g, kind);
      const accept = g.one(["*/*", "text/plain"]);
      const [first, second] = await receiveBoth(sound, url, accept);
      if (JSON.stringify(first) !== JSON.stringify(second)) {
        assert.deepEqual(first, second, context(url));
      }
      seen.requests += first.length;
    }
    seen.explained += await checkExplained(full.app, g, kind, content, context);

    const hidden = PARAMETERS.filter((one) => !visible.includes(one) && couldShow(kind, one));
    if (hidden.length === 0) continue;
    seen.hidden++;
    hole = g.one(hidden).name;
    if (await differs(holey, sweep(kind))) seen.holes++;
    else assert.fail(`the hole ${hole} was not found: ${context("")}`);
    if (await differs(misspelt, sweep(kind))) seen.misspelt++;
    if (await differs(eager, sweep(kind))) seen.eager++;
  }
  t.diagnostic(JSON.stringify(seen));
  // a page or more for each
  assert.ok(seen.requests > POLICIES * REQUESTS && seen.explained > POLICIES, JSON.stringify(seen));
  assert.ok(seen.hidden > POLICIES / 2 && seen.holes === seen.hidden, JSON.stringify(seen));
  assert.ok(seen.misspelt > POLICIES / 8 && seen.eager > POLICIES / 8, JSON.stringify(seen));
});

/** Each name in each spelling: the command says what is done. @returns how many were asked for. */
async function checkExplained(
  app: App,
  g: Generator,
  kind: Kind,
  content: ReturnType<typeof readPolicy>,
  context: (url: string) => string,
): Promise<number> {
  const listed = kind === "list" && (await app.inject("/parameters")).body;
  let asked = 0;
  for (const { name, type } of PARAMETERS) {
    const spelling = spellingIn(g, name);
    const verb: Verb = kind === "list" ? "list" : "read";
    const decrypted = kind === "clear" && type === "SecureString";
    const resource = resourceOf(spelling, verb, decrypted) ?? assert.fail(spelling);
    const { allow } = explain(content, NOBODY, verb, resource).decision;
    if (listed !== false) {
      assert.equal(listed.includes(`"${name}"`), allow && isOwn(name), context(spelling));
    } else {
      const url = `/parameters/${spelling}?decrypt=${kind === "clear"}`;
      const { statusCode } = await app.inject(url);
      assert.equal(statusCode !== 404, allow, context(url));
    }
    asked++;
  }
  return asked;
}
