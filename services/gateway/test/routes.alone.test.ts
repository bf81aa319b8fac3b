/** Two routes to aux: which request takes which, and what becomes of one whose route fails. */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { problemType } from "@airlock/contract";
import { positionOf } from "../src/rollout/choice.ts";
import { eventsOf, percentageOf, type Routes, startRoutes } from "./execution-harness.ts";
import { after, gate, get, json, type Script, startUpstream, tally, until } from "./harness.ts";

const direct: Script = json({ name: "a", value: "direct" });
const execution: Script = json({ name: "a", value: "execution" });
const ALL = { USE_API_GATEWAY: "on" };
const TRUSTED = { TRUST_PROXY: "127.0.0.1" };

const pathsOf = ({ requests }: { readonly requests: readonly IncomingMessage[] }) =>
  requests.map(({ method, url }) => `${method} ${url?.split("?", 1)[0]}`);

const batch = async ({ gateway }: Pick<Routes, "gateway">, id = "batch"): Promise<number> => {
  const { status } = await fetch(`${gateway.url}/config/batch`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-request-id": id },
    body: JSON.stringify({ names: ["/a"] }),
  });
  return status;
};
const fallbacks = ({ gateway }: Routes, failure: string) =>
  gateway.metric("airlock_rollout_fallbacks_total", { failure });

for (const [title, env, value] of [
  ["unset is 0", {}, "direct"],
  ["on is 100", { USE_API_GATEWAY: "TRUE" }, "execution"],
  ["the percentage wins", { USE_API_GATEWAY: "on", USE_API_GATEWAY_PERCENTAGE: "0" }, "direct"],
  ["and the other way", { USE_API_GATEWAY: "off", USE_API_GATEWAY_PERCENTAGE: "100" }, "execution"],
] as const) {
  test(`how many take the execution API: ${title}`, async (t) => {
    const routes = await startRoutes(t, { direct, execution }, env);
    const { body } = await get(routes.gateway.url, "/config/a");
    assert.equal(JSON.parse(body).value, value);
    const { event, percentage, source } = routes.gateway.lines.find(({ event }) => event) ?? {};
    assert.equal(event, "api_gateway_percentage_check");
    assert.deepEqual([percentage, source], [value === "direct" ? 0 : 100, "environment"]);
  });
}

/** The soak has twenty times as many. */
const CALLERS = process.env.GENERATED_CASES === "soak" ? 2000 : 100;
const addresses = Array.from({ length: CALLERS }, (_, n) => `10.${n >> 8}.${n & 255}.7`);
/** ± 2 points of what so many callers can be drawn for, which few meet less well. */
const SLACK = CALLERS === 2000 ? 2 : 8;

test("0 → 10 → 50 → 100 → 0 at two replicas: each caller on one side, and none fails", async (t) => {
  const askers: Script = (request, response) => json({ name: "a" })(request, response);
  const folder = { percentage: 0, salt: "airlock" };
  const routes = await startRoutes(t, { direct: askers, execution: askers }, TRUSTED);
  await routes.folder.put(folder);
  const { ROLLOUT_FILE } = routes.folder;
  const replicas = [await routes.start({ ROLLOUT_FILE }), await routes.start({ ROLLOUT_FILE })];
  let before = new Set<string>();
  for (const percentage of [0, 10, 50, 100, 0]) {
    await routes.folder.put({ ...folder, percentage });
    for (const gateway of replicas) {
      await until(async () => (await percentageOf({ gateway })) === percentage);
    }
    for (const callee of [routes.aux, routes.api]) callee.requests.length = 0;
    const statuses = await askAll(replicas.map(({ url }) => url));
    assert.deepEqual(tally(statuses), { 200: 2 * CALLERS });
    const fresh = callersOf(routes.api);
    const old = callersOf(routes.aux);
    assert.equal(routes.api.requests.length + routes.aux.requests.length, 2 * CALLERS);
    assert.equal(fresh.size + old.size, CALLERS, "somebody is on both sides");
    const share = (100 * fresh.size) / CALLERS;
    assert.ok(Math.abs(share - percentage) <= SLACK, `${share} % of ${percentage} %`);
    const stayed = [...before].filter((caller) => fresh.has(caller)).length;
    if (percentage > 0) assert.equal(stayed, before.size, "somebody was moved back");
    before = percentage === 0 ? new Set() : fresh;
  }
  t.diagnostic(
    JSON.stringify({ requests: 10 * CALLERS, callers: CALLERS, replicas: 2, failed: 0 }),
  );
});

const callersOf = ({ requests }: { readonly requests: readonly IncomingMessage[] }) =>
  new Set(requests.map(({ headers }) => String(headers["x-airlock-client"])));

/** Every caller once at each replica, sixteen at a time. */
async function askAll(urls: readonly string[]): Promise<number[]> {
  const statuses: number[] = [];
  const waiting = addresses.flatMap((address) => urls.map((url) => ({ url, address })));
  const askInTurn = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const headers = { "x-forwarded-for": next.address };
      const response = await fetch(`${next.url}/config/of-${next.address}`, { headers });
      await response.arrayBuffer();
      statuses.push(response.status);
    }
  };
  await Promise.all(Array.from({ length: 16 }, askInTurn));
  return statuses;
}

/** One address that takes the execution API at 50 %, and one that does not. */
const NEW = addresses.find((address) => positionOf("airlock", address) < 50) ?? "";
const OLD = addresses.find((address) => positionOf("airlock", address) >= 50) ?? "";
const HALF = { ...TRUSTED, USE_API_GATEWAY_PERCENTAGE: "50" };
const from = (address: string) => ({ "x-forwarded-for": address });

test("who takes one route shares no call with who takes the other, nor a wait", async (t) => {
  const held = gate();
  const changed: Script = (request, response) => {
    response.setHeader("etag", '"2"');
    json({ value: "new" })(request, response);
  };
  const scripts = { direct: after(held, changed), execution: after(held, changed) };
  const routes = await startRoutes(t, scripts, HALF);
  const { gateway, aux, api } = routes;
  const known = { "if-none-match": '"1"' };
  const calls = [NEW, OLD, NEW, OLD].flatMap((address) => [
    get(gateway.url, "/config/a", from(address)),
    get(gateway.url, "/config/a?wait=30s", { ...from(address), ...known }),
  ]);
  await until(async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 4);
  held.open();
  for (const { status } of await Promise.all(calls)) assert.equal(status, 200);
  const each = ["GET /parameters/a", "GET /parameters/a"];
  assert.deepEqual(pathsOf(aux), each);
  assert.deepEqual(
    pathsOf(api),
    each.map((path) => path.replace("/par", "/prod/par")),
  );
});

test("no connection: any request goes on directly, once, and is counted", async (t) => {
  const routes = await startRoutes(t, { direct, execution }, ALL);
  await routes.api.close();
  assert.equal((await get(routes.gateway.url, "/config/a")).status, 200);
  assert.equal(await batch(routes), 200);
  assert.deepEqual(pathsOf(routes.aux), ["GET /parameters/a", "POST /parameters/batch"]);
  assert.equal(await fallbacks(routes, "connect"), 2);
  assert.ok(eventsOf(routes).has("execution_api_invocation_failed"));
  assert.ok(eventsOf(routes).has("fallback_to_lambda_invocation"));
  const access = routes.gateway.lines.find(({ msg }) => msg === "request");
  assert.equal(access?.fell_back, "connect");
});

test("the breaker of one route is that route's: requests go on by the other, with nothing tried", async (t) => {
  const routes = await startRoutes(t, { direct, execution }, HALF);
  const { gateway, api, aux } = routes;
  await api.close();
  const isOpen = (upstream: string) =>
    gateway.metric("airlock_upstream_breaker_open", { upstream });
  await until(async () => {
    await get(gateway.url, "/config/a", from(NEW));
    return (await isOpen("execution-api")) === 1;
  });
  assert.equal(await isOpen("aux"), 0);
  const failures = (await gateway.outcomes()).connect;
  for (const address of [NEW, OLD, NEW]) {
    assert.equal((await get(gateway.url, "/config/a", from(address))).status, 200);
  }
  assert.equal((await gateway.outcomes()).connect, failures);
  assert.equal(await fallbacks(routes, "open"), 2);
  await aux.close();
  // now there is no route at all, and no way from one to the other and back
  for (const address of [NEW, OLD]) {
    assert.equal((await get(gateway.url, "/config/a", from(address))).status, 503);
  }
});

test("a wait that outlasts its route asks by the other one in the end", async (t) => {
  const { gateway, api } = await startRoutes(t, { direct, execution }, ALL);
  // those that know no ETag are answered at once, and after ten of them held
  const wait = () => get(gateway.url, "/config/a?wait=1s");
  for (let n = 0; n < 10; n++) assert.equal((await wait()).status, 200);
  const held = wait();
  await until(async () => (await gateway.metric("airlock_http_requests_waiting")) === 1);
  await api.close();
  await until(async () => {
    await get(gateway.url, "/config/b");
    return (await gateway.metric("airlock_upstream_breaker_open")) === 1;
  });
  const { status, body } = await held;
  assert.deepEqual([status, JSON.parse(body).value], [200, "direct"]);
});

test("a session that has ended: nothing can be signed, and what would be goes on directly", async (t) => {
  const routes = await startRoutes(t, { direct, execution }, ALL);
  const { agent, api } = routes;
  agent.lifeMs = 500;
  const gateway = await routes.start();
  await until(() => gateway.lines.some(({ source }) => source === "container"));
  agent.isDown = true;
  await until(async () => (await gateway.metric("airlock_aws_session_expires_in_seconds")) === 0);
  assert.equal((await get(gateway.url, "/config/a")).status, 200);
  assert.equal(await batch({ gateway }), 200);
  const failure = "credentials";
  assert.equal(await gateway.metric("airlock_rollout_fallbacks_total", { failure }), 2);
  assert.equal(api.requests.length, 0);
});

test("a pod whose source of credentials is down at start: all goes directly, and nothing tells against the route", async (t) => {
  const routes = await startRoutes(t, { direct, execution }, ALL);
  const { agent, api } = routes;
  agent.isDown = true;
  const gateway = await routes.start();
  assert.equal((await get(gateway.url, "/readyz")).status, 200);
  for (let n = 0; n < 12; n++) {
    assert.equal((await get(gateway.url, `/config/a${n}`)).status, 200);
  }
  assert.equal(await gateway.metric("airlock_rollout_requests_total", { route: "direct" }), 12);
  assert.equal(await gateway.metric("airlock_rollout_failures_total"), 0);
  agent.isDown = false;
  await until(async () => (await gateway.metric("airlock_aws_session_expires_in_seconds")) > 0);
  assert.equal((await get(gateway.url, "/config/a")).status, 200);
  assert.deepEqual(pathsOf(api), ["GET /prod/parameters/a"]);
});

test("a GET whose connection ends before the first byte goes on directly; a POST does not", async (t) => {
  const lost: Script = (request) => void request.socket.resetAndDestroy();
  const routes = await startRoutes(t, { direct, execution: lost }, ALL);
  assert.equal((await get(routes.gateway.url, "/config/a")).status, 200);
  assert.equal((await get(routes.gateway.url, "/storage/my-bucket/a")).status, 200);
  assert.equal(await batch(routes), 502);
  // each has its one retry on its own route first
  assert.equal(routes.api.requests.length, 6);
  assert.deepEqual(pathsOf(routes.aux), ["GET /parameters/a", "GET /s3/objects"]);
  assert.equal(await fallbacks(routes, "reset"), 2);
});

test("a POST that may have arrived stays on its route, though its retry finds no connection", async (t) => {
  const routes = await startRoutes(t, { direct, execution }, ALL);
  const { aux, api } = routes;
  api.script = () => void api.close();
  assert.equal(await batch(routes), 502);
  assert.deepEqual(pathsOf(api), ["POST /prod/parameters/batch"]);
  assert.equal(await routes.gateway.metric("airlock_upstream_retries_total"), 1);
  assert.deepEqual(pathsOf(aux), []);
});

test("an answer that has begun is not asked for again", async (t) => {
  const cut: Script = (request, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
    response.write("{");
    setImmediate(() => request.socket.destroy());
  };
  const routes = await startRoutes(t, { direct, execution: cut }, ALL);
  assert.equal((await get(routes.gateway.url, "/config/a")).status, 502);
  assert.equal(routes.aux.requests.length, 0);
});

test("an object that breaks off tells against its route, and is not asked for again", async (t) => {
  const cut: Script = (request, response) => {
    response.writeHead(200, { "content-length": "200000" });
    response.write("x", () => request.socket.destroy());
  };
  const { gateway, aux } = await startRoutes(t, { direct, execution: cut }, ALL);
  await assert.rejects(get(gateway.url, "/storage/my-bucket/a"));
  const route = "execution-api";
  await until(
    async () => (await gateway.metric("airlock_rollout_failures_total", { route })) === 1,
  );
  assert.equal(aux.requests.length, 0);
});

test("a refusal is no reason to ask elsewhere, nor is any other answer", async (t) => {
  const routes = await startRoutes(t, { direct, execution }, ALL);
  for (const [status, expected, headers] of [
    [401, 502, { "x-amzn-errortype": "UnauthorizedException" }],
    [403, 502, { "x-amzn-errortype": "AccessDeniedException" }],
    [429, 503, { "x-amzn-errortype": "TooManyRequestsException" }],
    [502, 502, { "x-amzn-errortype": "InternalServerErrorException" }],
    [504, 504, {}],
  ] as const) {
    routes.api.script = (_request, response) =>
      void response.writeHead(status, { "content-type": "application/json", ...headers }).end("{}");
    assert.equal((await get(routes.gateway.url, "/config/a")).status, expected);
  }
  assert.equal(routes.aux.requests.length, 0);
  // what aux itself says to a client is nobody's failure
  for (const [status, code] of [
    [404, "parameter_not_found"],
    [403, "access_denied"],
    [429, "too_many_at_once"],
  ] as const) {
    const problem = { type: `urn:airlock:problem:${code}`, code, detail: "No." };
    routes.api.script = (_request, response) =>
      void response
        .writeHead(status, { "content-type": "application/problem+json" })
        .end(JSON.stringify(problem));
    assert.equal((await get(routes.gateway.url, "/config/a")).status, status);
  }
  const route = "execution-api";
  await until(
    async () => (await routes.gateway.metric("airlock_rollout_failures_total", { route })) === 5,
  );
  assert.ok(eventsOf(routes).has("execution_api_invocation_error"));
});

test("a route that leads somewhere else has failed; what a client made too large, or aux has not, tells against none", async (t) => {
  const routes = await startRoutes(t, { direct, execution }, ALL);
  const code = "parameter_not_found";
  const body = JSON.stringify({ type: problemType(code), code, detail: "There is none." });
  const problem = { "content-type": "application/problem+json" };
  const html = { "content-type": "text/html" };
  for (const [status, headers, failed] of [
    [404, html, 1],
    [405, html, 2],
    [404, problem, 2],
    [413, { "x-amzn-errortype": "RequestEntityTooLarge" }, 2],
    [414, { "x-amzn-errortype": "RequestUriTooLong" }, 2],
    [431, { "x-amzn-errortype": "RequestHeaderFieldsTooLarge" }, 2],
    [403, { "x-amzn-errortype": "ForbiddenException" }, 3],
  ] as const) {
    routes.api.script = (_request, response) => void response.writeHead(status, headers).end(body);
    const reply = await get(routes.gateway.url, "/config/a");
    assert.equal(reply.status, status === 403 ? 502 : status);
    const route = "execution-api";
    const failures = await routes.gateway.metric("airlock_rollout_failures_total", { route });
    assert.equal(failures, failed, `${status} ${JSON.stringify(headers)}`);
  }
});

test("a wait whose route fails waits on by the other one, for what is left of its time", async (t) => {
  const held = gate();
  const changed: Script = (request, response) => {
    response.setHeader("etag", '"2"');
    json({ value: "new" })(request, response);
  };
  const lost: Script = (request) => void request.socket.resetAndDestroy();
  const routes = await startRoutes(t, { direct: after(held, changed), execution: lost }, ALL);
  const { gateway, aux } = routes;
  const waiting = get(gateway.url, "/config/a?wait=30s", { "if-none-match": '"1"' });
  await until(() => aux.requests.length === 1);
  assert.match(aux.requests[0]?.url ?? "", /^\/parameters\/a\?wait=(29|30)s$/);
  held.open();
  assert.equal((await waiting).status, 200);
  assert.equal(await fallbacks(routes, "reset"), 1);
});

test("readers of one call that failed share the one that goes on", async (t) => {
  const [begun, lost] = [gate(), gate()];
  const scripts = {
    direct: after(begun, direct),
    execution: after(lost, (request) => void request.socket.resetAndDestroy()),
  };
  const { gateway, aux } = await startRoutes(t, scripts, ALL);
  const calls = Array.from({ length: 20 }, () => get(gateway.url, "/config/a"));
  await until(async () => (await gateway.metric("airlock_upstream_shared_requests_total")) === 19);
  lost.open();
  await until(() => aux.requests.length > 0);
  begun.open();
  for (const { status } of await Promise.all(calls)) assert.equal(status, 200);
  assert.equal(aux.requests.length, 1);
});

test("EXECUTION_ROUTES: what may not take the execution API is not drawn for it", async (t) => {
  const env = { ...ALL, EXECUTION_ROUTES: "value" };
  const { gateway, aux, api } = await startRoutes(t, { direct, execution }, env);
  for (const path of ["/config/a", "/config", "/storage/my-bucket/a"]) {
    assert.equal((await get(gateway.url, path)).status, 200);
  }
  assert.deepEqual(pathsOf(api), ["GET /prod/parameters/a"]);
  assert.equal(await gateway.metric("airlock_rollout_requests_total"), 1);
  assert.equal(aux.requests.length, 2);
});

test("/v1 has its direct route, with its token, whatever the rollout says", async (t) => {
  const jobs = await startUpstream(t, json({}));
  const { LAYER_TOKEN_FILE } = (await startRoutes(t, { direct, execution })).folder;
  const env = {
    ...ALL,
    JOBS_SERVICE_URL: jobs.url,
    JOBS_LAYER_TOKEN_FILE: LAYER_TOKEN_FILE,
    LAYER_TOKEN_FILE,
  };
  const { gateway, api } = await startRoutes(t, { direct, execution }, env);
  await get(gateway.url, "/v1/jobs", { authorization: "Bearer key" });
  assert.deepEqual(pathsOf(jobs), ["GET /v1/jobs"]);
  assert.equal(jobs.requests[0]?.headers["x-airlock-layer"], "a.b.c");
  assert.equal(api.requests.length, 0);
});

test("a pod to which everything is refused steps back by itself, and tries again when the file says so", async (t) => {
  const refused: Script = (_request, response) =>
    void response.writeHead(403, { "x-amzn-errortype": "AccessDeniedException" }).end("{}");
  const { start, folder, api } = await startRoutes(t, { direct, execution: refused });
  await folder.put({ percentage: 100 });
  const gateway = await start({ ROLLOUT_FILE: folder.ROLLOUT_FILE });
  assert.equal(await percentageOf({ gateway }), 100);
  for (let n = 0; n < 20; n++) {
    assert.equal((await get(gateway.url, `/config/a${n}`)).status, 502);
  }
  await until(async () => (await percentageOf({ gateway })) === 0);
  assert.equal((await get(gateway.url, "/config/a")).status, 200);
  const steppedBack = (gate: string) => gateway.metric("airlock_rollout_stepped_back", { gate });
  assert.deepEqual([await steppedBack("break"), await steppedBack("slow")], [1, 0]);
  assert.equal(await gateway.metric("airlock_rollout_percentage", { state: "asked" }), 100);
  const line = gateway.lines.find(({ event }) => event === "execution_api_stepped_back");
  assert.deepEqual([line?.gate, line?.level], ["break", "error"]);
  // a new process is judged for itself
  const another = await start({ ROLLOUT_FILE: folder.ROLLOUT_FILE });
  assert.equal(await percentageOf({ gateway: another }), 100);
  api.script = execution;
  await folder.put({ percentage: 100, attempt: 2 });
  await until(async () => (await percentageOf({ gateway })) === 100);
  assert.equal(await steppedBack("break"), 0);
  assert.equal((await get(gateway.url, "/config/a")).status, 200);
});

test("a route that hangs is slow, though every client gives up before the gateway does", async (t) => {
  const routes = await startRoutes(t, { direct, execution: () => {} }, HALF);
  const { gateway } = routes;
  for (let n = 0; n < 210; n++) {
    assert.equal((await get(gateway.url, "/config/a", from(OLD))).status, 200);
  }
  const all = Array.from({ length: 800 }, (_, n) => `10.9.${n >> 8}.${n & 255}`);
  // 200 are enough; on a busy machine some give up before they have been heard
  const some = all.filter((address) => positionOf("airlock", address) < 50).slice(0, 260);
  const giveUp = async (address: string, turn: number) => {
    // so many connections at once would be late to be made there, which is another gate's matter
    await sleep(5 * turn);
    const signal = AbortSignal.timeout(1500);
    await fetch(`${gateway.url}/config/of-${address}`, { headers: from(address), signal });
  };
  for (const { status } of await Promise.allSettled(some.map(giveUp))) {
    assert.equal(status, "rejected");
  }
  const gate = "slow";
  await until(async () => (await gateway.metric("airlock_rollout_stepped_back", { gate })) === 1);
  assert.equal((await get(gateway.url, "/config/a", from(NEW))).status, 200);
});

/** How many connections are lost after sending. */
const LOSSES = process.env.GENERATED_CASES === "soak" ? 1000 : 60;

test("batches whose connections are lost after sending: never on both routes, sent twice at most", async (t) => {
  const sent = { aux: new Map<string, number>(), api: new Map<string, number>() };
  let losses = 0;
  // every fifth, on either route, so that neither is left
  const losing =
    (name: keyof typeof sent): Script =>
    (request, response) => {
      const id = String(request.headers["x-request-id"]);
      sent[name].set(id, (sent[name].get(id) ?? 0) + 1);
      request.resume().once("end", () => {
        if (Number(id.split("-")[1]) % 5 > 0) return json({ parameters: [] })(request, response);
        losses++;
        request.socket.resetAndDestroy();
      });
    };
  const env = { USE_API_GATEWAY_PERCENTAGE: "50", ROLLOUT_BY: "request" };
  const { start, gateway } = await startRoutes(
    t,
    { direct: losing("aux"), execution: losing("api") },
    env,
  );
  const replicas = [gateway, await start()];
  const statuses: number[] = [];
  for (let n = 0; losses < LOSSES; n++) {
    const ids = replicas.map((replica, index) => batch({ gateway: replica }, `${index}-${n}`));
    statuses.push(...(await Promise.all(ids)));
    // chance has opened both breakers: nothing is sent until a probe is answered
    if (statuses.at(-1) === 503) await sleep(100);
    assert.ok(n < 20 * LOSSES, "hardly any is lost");
  }
  const twice = [...sent.aux.keys()].filter((id) => sent.api.has(id));
  assert.deepEqual(twice, []);
  assert.ok([...sent.aux.values(), ...sent.api.values()].every((count) => count <= 2));
  const both = sent.aux.size + sent.api.size;
  assert.equal(both, statuses.filter((status) => status !== 503).length);
  assert.ok(Math.min(sent.aux.size, sent.api.size) > both / 4, "one route has hardly been taken");
  for (const replica of replicas) {
    // chance may open a breaker, behind which nothing was sent
    const failure = "reset";
    assert.equal(await replica.metric("airlock_rollout_fallbacks_total", { failure }), 0);
  }
  t.diagnostic(JSON.stringify({ losses, batches: both, on_both: twice.length }));
});

test("without AUX_SERVICE_URL there is one route, and nothing to fall back on", async (t: TestContext) => {
  const routes = await startRoutes(t, { direct, execution });
  const gateway = await routes.start({ AUX_SERVICE_URL: "" });
  await until(async () => (await get(gateway.url, "/readyz")).status === 200);
  assert.equal((await get(gateway.url, "/config/a")).status, 200);
  assert.deepEqual(pathsOf(routes.api), ["GET /prod/parameters/a"]);
  await routes.api.close();
  assert.equal((await get(gateway.url, "/config/a")).status, 503);
  assert.equal(routes.aux.requests.length, 0);
});
