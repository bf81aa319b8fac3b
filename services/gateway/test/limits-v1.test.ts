/** Limits under /v1, where jobs checks the keys: good ones count for their owners, others for an address. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { problemType } from "@airlock/contract";
import { newApiKey } from "@airlock/identity";
import { json, type Script, startGateway, startUpstream, tally } from "./harness.ts";

const LIMIT = 5;

/** Knows these keys, each with its owner, and says so as jobs does. */
function jobsThatKnows(owners: ReadonlyMap<string, string>): Script {
  return (request, response) => {
    const owner = owners.get(request.headers.authorization?.slice("Bearer ".length) ?? "");
    if (owner !== undefined) {
      response.setHeader("x-airlock-caller", owner);
      return json({ jobs: [] })(request, response);
    }
    response.writeHead(401, {
      "content-type": "application/problem+json",
      "www-authenticate": 'Bearer error="invalid_token"',
    });
    const code = "api_key_unknown" as const;
    const words = { title: "t", status: 401, detail: "d", instance: "i", request_id: "r" };
    response.end(JSON.stringify({ ...words, code, type: problemType(code) }));
  };
}

interface Options {
  readonly keys?: number;
  /** Unset means one for each key. */
  readonly owners?: number;
  readonly perMinute?: number;
  readonly env?: Record<string, string>;
}

async function start(t: TestContext, options: Options = {}) {
  const { keys = 0, owners = keys, perMinute = LIMIT, env = {} } = options;
  const good = Array.from({ length: keys }, () => newApiKey().key);
  const ownerOf = new Map(good.map((key, n) => [key, `aws:111122223333:R:u${n % owners}`]));
  const aux = await startUpstream(t, json({}));
  const jobs = await startUpstream(t, jobsThatKnows(ownerOf));
  const gateway = await startGateway(t, aux.url, {
    JOBS_SERVICE_URL: jobs.url,
    RATE_LIMIT_PER_MINUTE: String(perMinute),
    ...env,
  });
  const ask = async (key: string, path = "/v1/jobs") => {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await fetch(gateway.url + path, { headers });
    await answer.arrayBuffer();
    assert.equal(answer.headers.get("x-airlock-caller"), null, "that is between the services");
    return answer.status;
  };
  const inTurn = async (all: readonly string[]) => {
    const statuses: number[] = [];
    for (const key of all) statuses.push(await ask(key));
    return statuses;
  };
  return { jobs, gateway, good, ask, inTurn };
}

test("200 invented keys, 5 a minute: 5 of them get to jobs, in turn or at once", async (t) => {
  const invented = Array.from({ length: 200 }, () => newApiKey().key);
  for (const isAtOnce of [false, true]) {
    const { jobs, ask, inTurn } = await start(t);
    const statuses = isAtOnce
      ? await Promise.all(invented.map((key) => ask(key)))
      : await inTurn(invented);
    assert.deepEqual(tally(statuses), { 401: LIMIT, 429: 195 });
    assert.equal(jobs.requests.length, LIMIT);
  }
});

test("200 good keys behind one address, at twice what it may: none is refused", async (t) => {
  for (const isAtOnce of [false, true]) {
    const { jobs, good, ask, inTurn } = await start(t, { keys: 200, perMinute: 100 });
    const statuses = isAtOnce ? await Promise.all(good.map((key) => ask(key))) : await inTurn(good);
    assert.deepEqual(tally(statuses), { 200: 200 });
    assert.equal(jobs.requests.length, 200);
  }
});

test("an owner of several keys is one caller, and waits for the end of the minute", async (t) => {
  const { jobs, good, ask, inTurn } = await start(t, { keys: 3, owners: 1 });
  const [first = "", second = "", third = ""] = good;
  assert.deepEqual(tally(await inTurn(new Array(4).fill(first))), { 200: 4 });
  assert.equal(await ask(second), 200, "the fifth, with a key that was not known");
  assert.deepEqual(tally(await inTurn([first, second, first])), { 429: 3 });
  await new Promise((resolve) => setTimeout(resolve, 1000)); // the keys are not known any more
  assert.equal(await ask(second), 429);
  assert.equal(jobs.requests.length, LIMIT);
  assert.equal(await ask(third), 200, "only the answer tells whose this one is");
  assert.equal(await ask(third), 429);
});

test("the same owner at the doors of aux and of jobs is one caller", async (t) => {
  const { jobs, good, ask } = await start(t, { keys: 1, env: { GATEWAY_AUTH: "api-key" } });
  const [key = ""] = good;
  const knows = jobs.script;
  jobs.script = (request, response) => {
    if (!request.url?.startsWith("/internal")) return knows(request, response);
    const life = { expires_at: "2030-01-01T00:00:00Z", remaining_ms: 1e9 };
    const owner = { user_id: 1, username: "u", account: "111122223333", role: "R", session: "u0" };
    json({ state: "valid", ...owner, key_prefix: "gpud_12345678", ...life })(request, response);
  };
  const statuses: number[] = [];
  for (let n = 0; n < 4; n++) {
    statuses.push(await ask(key, "/config/a"), await ask(key));
  }
  assert.deepEqual(tally(statuses), { 200: LIMIT, 429: 3 });
});

test("a jobs of the version before names no owner: its requests count for their address", async (t) => {
  const { jobs, good, inTurn } = await start(t, { keys: 8 });
  jobs.script = json({ jobs: [] });
  assert.deepEqual(tally(await inTurn(good)), { 200: LIMIT, 429: 3 });
});

test("whatever under /v1 gets to nobody counts for its address", async (t) => {
  const { jobs, gateway } = await start(t);
  const statuses: number[] = [];
  for (const path of [
    "/v1/nothing",
    "/v1/jobs/a.b",
    "/v1/jobs?a=%22{",
    "/v1",
    "/v1/jobs/",
    "/v1/x",
  ]) {
    statuses.push((await fetch(gateway.url + path)).status);
  }
  assert.equal(statuses.at(-1), 429, statuses.join());
  assert.equal(jobs.requests.length, 0);
});
