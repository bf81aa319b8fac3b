/** Limits at doors that ask who is calling: spent before anything is looked up, and fair to the good. */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { type TestContext, test } from "node:test";
import { hashApiKey, newApiKey } from "@airlock/identity";
import { createLocalIssuer } from "@airlock/local-issuer";
import { get, json, type Script, startGateway, startUpstream, tally, until } from "./harness.ts";

const LIMIT = 5;

/** Good keys, each of a user of its own; jobs knows them and no other. */
function makeKeys(count: number) {
  const keys = Array.from({ length: count }, () => newApiKey().key);
  const hashes = new Map(keys.map((key, n) => [hashApiKey(key), n]));
  const jobs: Script = (request, response) =>
    void answer(request).then((found) => json(found)(request, response));
  const answer = async (request: IncomingMessage) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const user = hashes.get(JSON.parse(body || "{}").key_hash);
    if (user === undefined) return { state: "unknown" };
    const owner = {
      user_id: user,
      username: `u${user}`,
      account: "111122223333",
      role: "R",
      session: `u${user}`,
    };
    const life = { expires_at: "2030-01-01T00:00:00Z", remaining_ms: 1e9 };
    return { state: "valid", ...owner, key_prefix: "gpud_12345678", ...life };
  };
  return { keys, jobs };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function startKeys(t: TestContext, { keys = 0, perMinute = LIMIT } = {}) {
  const { keys: good, jobs: script } = makeKeys(keys);
  const [aux, jobs] = [await startUpstream(t, json({ ok: true })), await startUpstream(t, script)];
  const gateway = await startGateway(t, aux.url, {
    GATEWAY_AUTH: "api-key",
    JOBS_SERVICE_URL: jobs.url,
    RATE_LIMIT_PER_MINUTE: String(perMinute),
  });
  const ask = async (key: string) => (await get(gateway.url, "/config/a", bearer(key))).status;
  return { aux, jobs, gateway, good, ask };
}

test("200 invented keys, 5 a minute: 5 questions to jobs, one after the other or all at once", async (t) => {
  for (const isAtOnce of [false, true]) {
    const { jobs, ask } = await startKeys(t);
    const statuses: number[] = [];
    const one = async () => void statuses.push(await ask(newApiKey().key));
    if (isAtOnce) await Promise.all(Array.from({ length: 200 }, one));
    else for (let n = 0; n < 200; n++) await one();
    assert.deepEqual(tally(statuses), { 401: LIMIT, 429: 195 });
    assert.equal(jobs.requests.length, LIMIT, isAtOnce ? "at once" : "in turn");
  }
});

test("200 good keys behind one address, at twice what it may: none is refused", async (t) => {
  for (const isAtOnce of [false, true]) {
    const { jobs, ask, good } = await startKeys(t, { keys: 200, perMinute: 100 });
    const statuses = isAtOnce
      ? await Promise.all(good.map(ask))
      : await good.reduce<Promise<number[]>>(
          async (before, key) => [...(await before), await ask(key)],
          Promise.resolve([]),
        );
    assert.deepEqual(tally(statuses), { 200: 200 }, isAtOnce ? "at once" : "in turn");
    assert.equal(jobs.requests.length, 200);
    assert.equal(await ask(newApiKey().key), 401, "and the address has all that it may");
  }
});

test("one good key, many times at once: its caller's limit holds, and one question is asked", async (t) => {
  const { aux, jobs, ask, good } = await startKeys(t, { keys: 1 });
  const statuses = await Promise.all(Array.from({ length: 50 }, () => ask(good[0] ?? "")));
  assert.deepEqual(tally(statuses), { 200: LIMIT, 429: 45 });
  assert.equal(jobs.requests.length, 1);
  assert.ok(aux.requests.length <= LIMIT);
});

test("an address that guessed all it may still has its good callers, known ones and new ones not", async (t) => {
  const { ask, good } = await startKeys(t, { keys: 2 });
  const [known = "", unknown = ""] = good;
  assert.equal(await ask(known), 200);
  for (let n = 0; n < LIMIT; n++) assert.equal(await ask(newApiKey().key), 401);
  assert.equal(await ask(known), 200);
  assert.equal(await ask(unknown), 429);
});

test("jobs does not answer: what could not be looked up counts, and is 503 until then", async (t) => {
  const { jobs, ask, good } = await startKeys(t, { keys: 1 });
  await jobs.close();
  const statuses: number[] = [];
  for (let n = 0; n < 8; n++) statuses.push(await ask(good[0] ?? ""));
  assert.deepEqual(tally(statuses), { 503: LIMIT, 429: 3 });
});

async function startTokens(t: TestContext) {
  const issuer = await createLocalIssuer();
  t.after(() => issuer.close());
  const upstream = await startUpstream(t, json({ ok: true }));
  const gateway = await startGateway(t, upstream.url, {
    GATEWAY_AUTH: "jwt",
    GATEWAY_JWT_ISSUER: issuer.issuer,
    GATEWAY_JWT_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    GATEWAY_JWT_AUDIENCE: "airlock",
    RATE_LIMIT_PER_MINUTE: String(LIMIT),
  });
  await until(async () => (await get(gateway.url, "/readyz")).status === 200);
  const tokenOf = (sub: string) => issuer.mint({ sub, aud: ["airlock"] });
  const tokens = await Promise.all(Array.from({ length: 200 }, (_, n) => tokenOf(`u${n}`)));
  const ask = async (token: string) => (await get(gateway.url, "/config/a", bearer(token))).status;
  return { gateway, tokens, ask };
}

test("200 invented tokens, 5 a minute: 5 are looked at; a known caller is served all the same", async (t) => {
  const { gateway, tokens, ask } = await startTokens(t);
  const [alice = "", ...others] = tokens;
  assert.equal(await ask(alice), 200);
  const statuses = await Promise.all(others.map((token) => ask(`${token}AA`)));
  assert.deepEqual(tally(statuses), { 401: LIMIT, 429: 194 });
  assert.equal(await gateway.metric("airlock_caller_auth_checks_total"), 1 + LIMIT);
  assert.equal(await ask(alice), 200);
});

test("200 callers with good tokens behind one address that may 5: none is refused", async (t) => {
  const { tokens, ask } = await startTokens(t);
  assert.deepEqual(tally(await Promise.all(tokens.map(ask))), { 200: 200 });
});
