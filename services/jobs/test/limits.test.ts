/** How often users, and addresses with keys that nobody knows, may ask: before the database is asked. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { newApiKey } from "@airlock/identity";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { createLocalIssuer } from "@airlock/local-issuer";
import { type JobsRig, startJobs, startWorld } from "./harness.ts";

const LIMIT = 5;
const world = await startWorld();
const database = await world.cluster.createDatabase();
const GATEWAY = { sub: "system:serviceaccount:gateway:gateway", aud: ["jobs"] };

const start = (env: Record<string, string> = {}) =>
  startJobs(world, database, { env: { RATE_LIMIT_PER_MINUTE: String(LIMIT), ...env } });

async function startEnforced(t: TestContext) {
  const issuer = await createLocalIssuer();
  t.after(() => issuer.close());
  const jobs = await start({
    LAYER_AUTH_MODE: "enforce",
    LAYER_AUTH_ISSUER: issuer.issuer,
    LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    LAYER_AUTH_AUDIENCE: "jobs",
    LAYER_AUTH_SUBJECTS: GATEWAY.sub,
  });
  const proof = { "x-airlock-layer": await issuer.mint(GATEWAY) };
  while ((await jobs.ask("GET", "/v1/jobs", { headers: proof })).status === 503);
  return { jobs, proof };
}

const statusOf = async (jobs: JobsRig, key: string, headers: Record<string, string> = {}) =>
  (await jobs.ask("GET", "/v1/cluster/status", { key, headers })).status;

const count = (statuses: readonly number[], status: number) =>
  statuses.filter((one) => one === status).length;

test("200 invented keys, 5 a minute: 5 look-ups, in turn or at once", async () => {
  const invented = Array.from({ length: 200 }, () => newApiKey().key);
  for (const isAtOnce of [false, true]) {
    const jobs = await start();
    const statuses: number[] = [];
    const one = async (key: string) => void statuses.push(await statusOf(jobs, key));
    if (isAtOnce) await Promise.all(invented.map(one));
    else for (const key of invented) await one(key);
    assert.deepEqual([count(statuses, 401), count(statuses, 429)], [LIMIT, 195]);
    assert.equal(jobs.statements.filter((text) => text.includes("key_hash")).length, LIMIT);
    await jobs.close();
  }
});

test("a user has a limit of its own, whatever key and address; the answer names the owner", async () => {
  const jobs = await start();
  const [key, second] = [await jobs.login(), await jobs.login()];
  const other = await jobs.login(KNOWN_SESSIONS.otherGpuUser);
  const statuses: number[] = [];
  for (let n = 0; n < 8; n++) statuses.push(await statusOf(jobs, n % 2 ? key : second));
  assert.deepEqual([count(statuses, 200), count(statuses, 429)], [LIMIT, 3]);
  const refused = await jobs.ask("GET", "/v1/cluster/status", { key });
  assert.deepEqual([refused.status, refused.body.code], [429, "rate_limited"]);
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  assert.equal(
    refused.headers.get("x-airlock-caller"),
    "aws:111122223333:SSOCloudDevGpuReservation:alice@example.com",
  );
  for (let n = 0; n < LIMIT; n++) assert.equal(await statusOf(jobs, other), 200);
  await jobs.close();
});

test("keys of many users behind one address are not limited by it", async () => {
  const jobs = await start();
  const sessions = [KNOWN_SESSIONS.gpuUser, KNOWN_SESSIONS.otherGpuUser, KNOWN_SESSIONS.lookAlike];
  const keys = await Promise.all(sessions.map((session) => jobs.login(session)));
  const statuses = await Promise.all(
    Array.from({ length: 3 * LIMIT }, (_, n) => statusOf(jobs, keys[n % 3] ?? "")),
  );
  assert.equal(count(statuses, 200), 3 * LIMIT);
  await jobs.close();
});

test("behind gateways an address is the one that the gateway tells, and nobody's where it tells none", async (t) => {
  const { jobs, proof } = await startEnforced(t);
  const guess = async (client?: string) => {
    const headers = { ...proof, ...(client && { "x-airlock-client": client }) };
    const statuses: number[] = [];
    for (let n = 0; n < 8; n++) statuses.push(await statusOf(jobs, newApiKey().key, headers));
    return [count(statuses, 401), count(statuses, 429)];
  };
  assert.deepEqual(await guess("192.0.2.1"), [LIMIT, 3]);
  assert.deepEqual(await guess("192.0.2.2"), [LIMIT, 3]);
  assert.deepEqual(await guess("2001:db8:1:2::1"), [LIMIT, 3]);
  assert.deepEqual(await guess("2001:db8:1:2::2"), [0, 8], "the same /64");
  assert.deepEqual(await guess(), [8, 0], "an older gateway, whose clients would be one");
});

test("one key has a limit of its own, which leaves its owner's other keys room", async () => {
  const jobs = await start({ KEY_RATE_LIMIT_PER_MINUTE: "2" });
  const [key, second] = [await jobs.login(), await jobs.login()];
  const statuses: number[] = [];
  for (let n = 0; n < 6; n++) statuses.push(await statusOf(jobs, key));
  assert.deepEqual([count(statuses, 200), count(statuses, 429)], [2, 4]);
  const refused = await jobs.ask("GET", "/v1/cluster/status", { key });
  assert.deepEqual([refused.status, refused.body.code], [429, "rate_limited"]);
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  assert.equal(await statusOf(jobs, second), 200, "what was refused took nothing of the user's");
  await jobs.close();
});
