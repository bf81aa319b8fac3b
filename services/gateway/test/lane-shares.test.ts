/** What one client may have of the places in front of a service: half of them, and the others find room. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Problem } from "@airlock/contract";
import { newApiKey } from "@airlock/identity";
import { gate, json, startGateway, startUpstream, tally, until } from "./harness.ts";

interface Asked {
  readonly status: number;
  /** Of a problem. */
  readonly code: string | undefined;
}

/** Requests whose ids say `slow` are answered once the test says so. */
async function start(t: TestContext, env: Record<string, string> = {}) {
  const held = gate();
  const slow = { running: 0, most: 0 };
  const upstream = await startUpstream(t, (request, response) => {
    if (!String(request.headers["x-request-id"]).startsWith("slow")) {
      return json({})(request, response);
    }
    slow.most = Math.max(slow.most, ++slow.running);
    void held.passed.then(() => {
      slow.running--;
      json({})(request, response);
    });
  });
  const gateway = await startGateway(t, upstream.url, {
    JOBS_SERVICE_URL: upstream.url,
    TRUST_PROXY: "127.0.0.0/8",
    LOGIN_RATE_PER_MINUTE: "0",
    LOG_LEVEL: "silent",
    ...env,
  });
  const answered: Asked[] = [];
  const ask = async (address: string, id: string, path: string, method = "GET"): Promise<Asked> => {
    const headers = { "x-forwarded-for": address, "x-request-id": id };
    const answer = await fetch(gateway.url + path, { method, headers });
    const body: unknown = await answer.json();
    const asked = { status: answer.status, code: Problem.safeParse(body).data?.code };
    if (address === GREEDY) answered.push(asked);
    return asked;
  };
  return { held, slow, upstream, gateway, ask, answered };
}

const GREEDY = "192.0.2.1";
const OTHER = "192.0.2.2";
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const statusesOf = (all: readonly Asked[]) => tally(all.map(({ status }) => status));

const LANES = [
  { lane: "lists", path: (n: number) => `/config?path=/${n}`, places: 64, queue: 64 },
  { lane: "values", path: (n: number) => `/config/${n}`, places: 64, queue: 192 },
  { lane: "jobs", path: (n: number) => `/v1/jobs/${n}`, places: 64, queue: 192 },
  { lane: "logins", path: () => "/v1/auth/challenge", method: "POST", places: 32, queue: 32 },
];

for (const { lane, path, method, places, queue } of LANES) {
  test(`${lane}: one client has half of the places and of the queue, and others are answered at once`, async (t) => {
    const { held, slow, upstream, ask, answered } = await start(t);
    const sent = 2 * (places + queue); // as much as there is
    const all = numbers(sent).map((n) => ask(GREEDY, `slow-${n}`, path(n), method));
    await until(() => upstream.requests.length === places);
    const others = numbers(20).map((n) => ask(OTHER, `other-${n}`, path(1000 + n), method));
    assert.deepEqual(statusesOf(await Promise.all(others)), { 200: 20 });
    await until(() => answered.length >= sent / 2);
    held.open();
    await Promise.all(all);
    assert.equal(slow.most, places);
    const { 200: served = 0, 429: refused = 0 } = statusesOf(answered);
    assert.equal(served + refused, sent);
    assert.ok(served >= places && refused >= sent / 2, `${served} served`);
    const codes = answered.flatMap(({ code }) => code ?? []);
    assert.deepEqual(new Set(codes), new Set(["too_many_at_once"]));
  });
}

test("two clients have a half each, and a third one waits its turn", async (t) => {
  const { held, upstream, gateway, ask } = await start(t);
  const second = "192.0.2.3";
  const both = numbers(128).map((n) =>
    ask(n % 2 === 0 ? GREEDY : second, `slow-${n}`, `/config?path=/${n}`),
  );
  await until(() => upstream.requests.length === 128);
  const third = ask(OTHER, "other", "/config?path=/other");
  await until(async () => (await gateway.metric("airlock_http_requests_in_flight")) === 129);
  assert.equal(upstream.requests.length, 128);
  held.open();
  assert.deepEqual(statusesOf(await Promise.all([...both, third])), { 200: 129 });
});

test("who asks for what a greedy client has in its queue is answered all the same", async (t) => {
  const { held, upstream, gateway, ask } = await start(t);
  const all = numbers(64).map((n) => ask(GREEDY, `slow-${n}`, `/config?path=/${n}`));
  await until(() => upstream.requests.length === 64);
  all.push(ask(GREEDY, "queued", "/config?path=/wanted"));
  await until(async () => (await gateway.metric("airlock_http_requests_in_flight")) === 65);
  const other = ask(OTHER, "other", "/config?path=/wanted");
  await until(async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 1);
  assert.equal((await other).status, 200);
  assert.equal(upstream.requests.at(-1)?.headers["x-request-id"], "other");
  held.open();
  assert.deepEqual(statusesOf(await Promise.all(all)), { 200: 64, 429: 1 });
});

test("one client has half of the requests in progress, though one call is enough for them", async (t) => {
  const { held, upstream, ask, answered } = await start(t, { MAX_IN_FLIGHT: "40" });
  const all = numbers(60).map((n) => ask(GREEDY, `slow-${n}`, "/config?path=/a"));
  await until(() => answered.length === 40);
  assert.deepEqual(new Set(answered.map(({ code }) => code)), new Set(["too_many_at_once"]));
  assert.equal(upstream.requests.length, 1);
  assert.equal((await ask(OTHER, "other", "/config?path=/b")).status, 200);
  held.open();
  await Promise.all(all);
  assert.deepEqual(statusesOf(answered), { 200: 20, 429: 40 });
  answered.length = 0;
  await Promise.all(numbers(20).map((n) => ask(GREEDY, `later-${n}`, "/config?path=/c")));
  assert.deepEqual(statusesOf(answered), { 200: 20 }, "each place was given back");
});

test("unknown keys of one address are looked up 64 at a time; another's is looked up at once", async (t) => {
  const held = gate();
  const jobs = await startUpstream(t, (request, response) => {
    if (jobs.requests.length > 64) return json({ state: "unknown" })(request, response);
    void held.passed.then(() => json({ state: "unknown" })(request, response));
  });
  const gateway = await startGateway(t, jobs.url, {
    GATEWAY_AUTH: "api-key",
    JOBS_SERVICE_URL: jobs.url,
    TRUST_PROXY: "127.0.0.0/8",
    RATE_LIMIT_PER_MINUTE: "1000",
    LOG_LEVEL: "silent",
  });
  const ask = async (address: string) => {
    const headers = { "x-forwarded-for": address, authorization: `Bearer ${newApiKey().key}` };
    return (await fetch(`${gateway.url}/config/a`, { headers })).status;
  };
  const all = numbers(200).map(() => ask(GREEDY));
  await until(() => jobs.requests.length === 64);
  assert.equal(await ask(OTHER), 401);
  assert.equal(jobs.requests.length, 65);
  held.open();
  assert.deepEqual(tally(await Promise.all(all)), { 401: 200 });
});
