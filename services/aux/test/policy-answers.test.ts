/** Generated policies in front of real answers: each holds what the caller may have, and nothing else. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { createAws } from "@airlock/aws";
import { loadSettings } from "@airlock/config";
import type { ParameterName } from "@airlock/contract";
import { createLogger } from "@airlock/http";
import { LOCAL_AWS, startLocalAws } from "@airlock/local-aws";
import { buildApp } from "../src/app.ts";
import { createAudit } from "../src/policy/audit.ts";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { OPEN_READS, type Policy, type Verb } from "../src/policy/policy.ts";
import { settingsSchema } from "../src/settings.ts";
import { BUCKETS, generator, keyIn, sourceIn, WORDS } from "./policy-generator.ts";
import { ask, type Item, type Source } from "./policy-oracle.ts";

const POLICIES = 120;

const deeper = (names: readonly string[]) =>
  names.flatMap((name) => WORDS.map((word) => `${name}/${word}`));
const second = deeper(WORDS.map((word) => `/${word}`));
const PARAMETERS = [...WORDS, ...second, ...deeper(second)].map((name, index) => ({
  name: name as ParameterName,
  type: index % 2 === 0 ? ("String" as const) : ("SecureString" as const),
  value: `value of ${name}`,
}));
const KEYS = [...new Set(Array.from({ length: 60 }, (_, seed) => keyIn(generator(seed))))];

/** aux in front of a stand-in that holds the parameters and, in each bucket, the keys. */
async function startApp(t: TestContext, policy: () => Policy) {
  const local = await startLocalAws({ seed: false });
  local.parameters.put({ parameters: PARAMETERS });
  for (const bucket of BUCKETS) local.objects.put({ bucket, keys: KEYS });
  const settings = loadSettings(settingsSchema, {
    ENVIRONMENT: "dev",
    LOG_LEVEL: "silent",
    AWS_ENDPOINT_URL: local.url,
    AWS_ACCESS_KEY_ID: LOCAL_AWS.baseAccessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_AWS.baseSecretAccessKey,
    AWS_ROLE_ARN: LOCAL_AWS.roleArn,
    SSM_CALLS_PER_SECOND: "10000",
    SSM_DESCRIBE_CALLS_PER_SECOND: "10000",
  });
  const logger = createLogger(settings);
  const aws = createAws(settings, logger, () => {});
  const app = await buildApp(settings, { aws, policy, audit: createAudit(logger), logger });
  t.after(async () => {
    await app.close();
    aws.close();
    await local.close();
  });
  while ((await app.inject("/readyz")).statusCode !== 200) await setImmediate();
  return async (path: string, query: Readonly<Record<string, string | string[]>> = {}) => {
    const { statusCode, body } = await app.inject({ path, query });
    return { status: statusCode, text: body, json: () => JSON.parse(body) };
  };
}

type Get = Awaited<ReturnType<typeof startApp>>;
type Generator = ReturnType<typeof generator>;

/** What a naive reading of a policy lets an unnamed caller do, with the number of times it was asked. */
function readingOf(source: Source) {
  const reading = {
    asked: 0,
    may(verb: Verb, item: Item) {
      reading.asked++;
      return ask(source, { caller: undefined, groups: undefined }, verb, item).allow;
    },
    mayRead(name: ParameterName, decrypt = true) {
      const type = PARAMETERS.find((one) => one.name === name)?.type;
      const decrypted = decrypt && type === "SecureString";
      return reading.may("read", { kind: "parameter", name, decrypted });
    },
  };
  return reading;
}
type Reading = ReturnType<typeof readingOf>;

async function checkParameters(get: Get, g: Generator, { may, mayRead }: Reading, context: string) {
  const names = PARAMETERS.map(({ name }) => name);
  const list = (await get("/parameters")).json();
  const listed = names.filter((name) => may("list", { kind: "parameter", name }));
  assert.deepEqual(namesOf(list.parameters), listed.sort(), context);

  const decrypt = g.one([true, false]);
  const path = `/${g.one(WORDS)}`;
  const query = { path, recursive: "true", decrypt: `${decrypt}` };
  const tree = (await get("/parameters", query)).json();
  const below = names.filter((name) => name.startsWith(`${path}/`) && mayRead(name, decrypt));
  assert.deepEqual(namesOf(tree.parameters), below.sort(), context);

  const asked = [...new Set(g.some(() => g.one(names), 6))];
  const batch = (await get("/parameters", { name: asked })).json();
  const readable = asked.filter((name) => mayRead(name));
  assert.deepEqual(namesOf(batch.parameters), readable.sort(), context);

  const [name = assert.fail()] = asked;
  const value = await get(`/parameters/${name}`);
  assert.equal(value.status, mayRead(name) ? 200 : 404, `${name} ${context}`);
}

async function checkStorage(get: Get, g: Generator, { may }: Reading, context: string) {
  const buckets = (await get("/s3/buckets")).json();
  const shown = BUCKETS.filter((name) => may("list", { kind: "bucket", name }));
  assert.deepEqual(namesOf(buckets.buckets), shown.sort(), context);

  const bucket = g.one(BUCKETS);
  const page = await get(`/s3/buckets/${bucket}`);
  const found: { key: string }[] = page.status === 200 ? page.json().objects : [];
  const keys = KEYS.filter((key) => may("list", { kind: "object", bucket, key }));
  assert.deepEqual(found.map(({ key }) => key).sort(), keys.sort(), context);

  const key = g.one(KEYS);
  const object = await get("/s3/objects", { bucket, key });
  const isAllowed = may("read", { kind: "object", bucket, key });
  assert.equal(object.status, isAllowed ? 200 : 404, `${key} ${context}`);
  if (isAllowed) assert.equal(object.text, key);
}

test("no answer holds what the policy denies, and none leaves out what it allows", async (t) => {
  let policy = OPEN_READS;
  const get = await startApp(t, () => policy);
  let items = 0;
  for (let seed = 1; seed <= POLICIES; seed++) {
    const g = generator(seed);
    const source = sourceIn(g);
    policy = parsePolicy(JSON.stringify(source));
    const reading = readingOf(source);
    const context = `policy ${seed}: ${JSON.stringify(source)}`;
    await checkParameters(get, g, reading, context);
    await checkStorage(get, g, reading, context);
    items += reading.asked;
  }
  assert.ok(items > 10_000, String(items));
});

const namesOf = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).sort();
