/** What passes between clients and jobs, what does not, and what never gets to aux. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { Problem } from "@airlock/contract";
import { KEY_REFUSALS, newApiKey } from "@airlock/identity";
import { sendRaw } from "../../../packages/http/test/raw-client.ts";
import {
  after,
  gate,
  get,
  json,
  type Script,
  startGateway,
  startUpstream,
  until,
} from "./harness.ts";

interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
}
interface Operation {
  readonly summary: string;
  readonly parameters?: unknown;
  readonly requestBody?: unknown;
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly responses: Record<string, unknown>;
}

const read = async (service: string): Promise<Document> => {
  const url = new URL(`../../${service}/openapi.json`, import.meta.url);
  return JSON.parse(await readFile(url, "utf8"));
};
/** As jobs documents itself. */
const JOBS = Object.entries((await read("jobs")).paths)
  .filter(([path]) => path.startsWith("/v1/"))
  .flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

const { key } = newApiKey();
const bearer = { authorization: `Bearer ${key}` };

async function start(t: TestContext, script: Script = json({ ok: true }), env = {}) {
  const aux = await startUpstream(t, json({ aux: true }));
  const jobs = await startUpstream(t, script);
  const gateway = await startGateway(t, aux.url, { JOBS_SERVICE_URL: jobs.url, ...env });
  const send = async (
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {},
  ) => {
    const type = body === undefined ? undefined : { "content-type": "application/json" };
    const all = { ...type, ...headers };
    const response = await fetch(gateway.url + path, { method, headers: all, body: body ?? null });
    const text = await response.text();
    const found = text && response.status >= 400 ? Problem.parse(JSON.parse(text)) : undefined;
    return { status: response.status, headers: response.headers, text, problem: found };
  };
  return { aux, jobs, gateway, send };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

const TYPES: Readonly<Record<string, string>> = {
  logs: "text/plain",
  events: "text/event-stream",
};

/** Answers with what arrived. */
const echo: Script = (request, response) =>
  void textOf(request).then((body) => {
    const { method, url, headers } = request;
    const [, last = ""] = /\/(\w+)$/.exec(url ?? "") ?? [];
    response.setHeader("content-type", TYPES[last] ?? "application/json");
    response.end(JSON.stringify({ method, url, headers, body }));
  });

const problem =
  (status: number, code: string, headers: Record<string, string> = {}): Script =>
  (_request, response) => {
    const type = `urn:airlock:problem:${code}`;
    const words = { type, title: "t", status, detail: "in words", instance: "i", code };
    response.writeHead(status, { "content-type": "application/problem+json", ...headers });
    response.end(JSON.stringify({ ...words, request_id: "r" }));
  };

test("every path of jobs goes to jobs as it is, and none to aux", async (t) => {
  const { aux, jobs, send } = await start(t, echo, { LOGIN_RATE_PER_MINUTE: "0" });
  // but for a tunnel, which is had otherwise (services/jobs/test/tunnel.alone.test.ts)
  const plain = JOBS.filter(({ operation }) => operation.responses["101"] === undefined);
  for (const { path, method, operation } of plain) {
    const target = path.replaceAll(/\{\w+\}/g, "gpud_ab-12");
    const body = operation.requestBody ? '{"a": "é"}' : undefined;
    const answer = await send(method.toUpperCase(), target, { ...(body && { body }) });
    assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
    const seen = JSON.parse(answer.text);
    assert.deepEqual(
      [seen.method, seen.url, seen.body],
      [method.toUpperCase(), target, body ?? ""],
    );
    assert.equal(seen.headers["content-type"], body && "application/json");
  }
  assert.equal(jobs.requests.length, plain.length);
  assert.equal(plain.length, JOBS.length - 1);
  assert.equal(aux.requests.length, 0);
});

test("jobs reads of a query what the gateway has read, however it was encoded", async (t) => {
  const { jobs, send } = await start(t, (request, response) => {
    const type = request.url?.includes("/logs") ? "text/plain" : "application/json";
    response.setHeader("content-type", type).end("{}");
  });
  for (const [sent, passed] of [
    ["events?after=3&%77ait=60s", "events?after=3&wait=55s"],
    ["events?wait=6%30s", "events?wait=55s"],
    ["events?wait", "events?wait="],
    ["logs?%66ollow=true", "logs?follow=true"],
    [
      "logs?follow=tru%65&since=2026-11-26T10:00:00%2B01:00",
      "logs?follow=true&since=2026-11-26T10%3A00%3A00%2B01%3A00",
    ],
    ["logs?", "logs"],
  ]) {
    const { status, text } = await send("GET", `/v1/jobs/3f2a91bc/${sent}`);
    assert.equal(status, 200, text);
    assert.equal(jobs.requests.at(-1)?.url, `/v1/jobs/3f2a91bc/${passed}`);
  }
});

test("events that are waited for are answered once the wait is over, whatever becomes of it", async (t) => {
  const held: Script = (request, response) => {
    if (request.url?.endsWith("wait=0")) echo(request, response);
  };
  const { jobs, send } = await start(t, held);
  const accept = { accept: "application/json" };
  const { status, text } = await send("GET", "/v1/jobs/3f2a91bc/events?after=3&wait=0s", {
    headers: accept,
  });
  assert.equal(status, 200, text);
  assert.deepEqual(
    jobs.requests.map(({ url }) => url),
    ["/v1/jobs/3f2a91bc/events?after=3&wait=0s", "/v1/jobs/3f2a91bc/events?after=3&wait=0"],
  );
});

test("a change that may have a body, and comes without one, is passed on without one", async (t) => {
  const { send } = await start(t, echo);
  for (const path of ["/v1/admin/users/7/disable", "/v1/admin/jobs/3f2a91bc/cancel"]) {
    const { status, text } = await send("POST", path);
    assert.equal(status, 200, text);
    const { headers, body } = JSON.parse(text);
    assert.deepEqual([headers["content-type"], body], [undefined, ""], path);
  }
});

test("the document of the gateway says of jobs what its own does", async () => {
  const { paths } = await read("gateway");
  const mine = Object.keys(paths).filter((path) => path.startsWith("/v1/"));
  assert.deepEqual(mine.sort(), [...new Set(JOBS.map(({ path }) => path))].sort());
  for (const { path, method, operation } of JOBS) {
    const { responses, security, ...words } = operation;
    const { responses: answers = {}, security: asked, ...own } = paths[path]?.[method] ?? {};
    assert.deepEqual(own, words, `${method} ${path}`);
    // the proof of the gateway itself is nothing that clients have
    const ofClients = security.map(({ layer: _, ...others }) => others);
    const isAsked = (one: object) => Object.keys(one).length > 0;
    assert.deepEqual(asked, ofClients.filter(isAsked), `${method} ${path}`);
    assert.deepEqual(answers["200"], responses["200"], `${method} ${path}`);
    const ofGateway = asked.length > 0 ? [] : ["401", "403"];
    for (const status of Object.keys(responses)) {
      assert.ok(answers[status] || ofGateway.includes(status), `${path} ${status}`);
    }
  }
});

test("without JOBS_SERVICE_URL there is nothing under /v1", async (t) => {
  const aux = await startUpstream(t, json({}));
  const gateway = await startGateway(t, aux.url);
  for (const path of ["/v1/jobs", "/v1/auth/challenge", "/v1"]) {
    assert.equal((await get(gateway.url, path, bearer)).status, 404, path);
  }
  const health = JSON.parse((await get(gateway.url, "/health")).body);
  assert.deepEqual(Object.keys(health), ["status", "service", "environment", "timestamp"]);
  const { paths } = JSON.parse((await get(gateway.url, "/openapi.json")).body);
  assert.equal(paths["/v1/jobs"], undefined);
  assert.equal(aux.requests.length, 0);
});

test("/, /docs and /openapi.json know the paths of jobs", async (t) => {
  const { gateway } = await start(t);
  const { endpoints } = JSON.parse((await get(gateway.url, "/")).body);
  const { paths } = JSON.parse((await get(gateway.url, "/openapi.json")).body);
  for (const path of Object.values(endpoints as Record<string, string>)) {
    if (path.startsWith("/v1/")) assert.ok(paths[path], path);
  }
  assert.equal(endpoints.jobs, "/v1/jobs");
  assert.ok(!Object.keys(paths).some((path) => path.startsWith("/internal")));
});

for (const path of [
  "/v1/jobs/../internal/key-check",
  "/v1/jobs/..",
  "/v1/jobs/%2e%2e",
  "/v1/jobs/a%2Fcancel",
  "/v1/jobs/a%2f..%2f..%2finternal%2fkey-check",
  "/v1//jobs",
  "/v1/jobs/",
  "/v1/jobs/a.b",
  "/v1/jobs/%61bc",
  "/%76%31/jobs",
  "/v1/jobs/a;b",
  "/v1/jobs/%00",
  "/v1/jobs/a%0d%0aX:1",
  "/v1/disks/%C3%A9",
  "/v1/nothing",
  "/v2/jobs",
  "/internal/key-check",
  "/internal/../v1/jobs",
]) {
  test(`GET ${path} is 404 before a byte goes to jobs`, async (t) => {
    const { aux, jobs, gateway } = await start(t);
    const reply = await get(gateway.url, path, bearer);
    assert.equal(reply.status, 404, reply.body);
    assert.deepEqual([jobs.requests.length, aux.requests.length], [0, 0]);
  });
}

test("a query goes on word by word, each encoded in one way, and not with bytes that must be encoded", async (t) => {
  const { jobs, gateway } = await start(t);
  const query = "?status=queued,active&since=2026-01-15T16:30:00%2B02:00&cursor=a_b-c";
  assert.equal((await get(gateway.url, `/v1/jobs${query}`, bearer)).status, 200);
  const words = new URL(jobs.requests[0]?.url ?? "", jobs.url).searchParams;
  assert.deepEqual([...words], [...new URLSearchParams(query)]);
  for (const bad of ['?status="a"', "?status=a#b", "?a=%zz", "?a={b}"]) {
    assert.equal((await get(gateway.url, `/v1/jobs${bad}`, bearer)).status, 400, bad);
  }
  assert.equal(jobs.requests.length, 1);
});

test("another method is 405 with Allow, and does not get to jobs", async (t) => {
  const { jobs, send } = await start(t);
  const wrong = await send("PUT", "/v1/jobs/submit", { body: "{}" });
  assert.deepEqual([wrong.status, wrong.headers.get("allow")], [405, "GET, HEAD, POST"]);
  assert.equal((await send("DELETE", "/v1/jobs")).status, 405);
  assert.equal(jobs.requests.length, 0);
});

test("the client's key goes to jobs and never to aux; an identity of its own goes nowhere", async (t) => {
  const { aux, jobs, send } = await start(t);
  const headers = {
    ...bearer,
    "idempotency-key": "once-1",
    "x-request-id": "mine",
    cookie: "a=b",
    "x-airlock-caller": "root",
    "x-airlock-groups": "admins",
    "x-airlock-layer": "forged",
    "x-forwarded-for": "6.6.6.6",
  };
  await send("POST", "/v1/jobs/submit", { headers, body: "{}" });
  await send("GET", "/config/a", { headers });
  const [toJobs, toAux] = [jobs.requests[0]?.headers ?? {}, aux.requests[0]?.headers ?? {}];
  assert.equal(toJobs.authorization, bearer.authorization);
  assert.equal(toJobs["idempotency-key"], "once-1");
  assert.equal(toJobs["x-request-id"], "mine");
  for (const name of ["cookie", "x-airlock-caller", "x-airlock-groups", "x-airlock-layer"]) {
    assert.equal(toJobs[name], undefined, name);
    assert.equal(toAux[name], undefined, name);
  }
  assert.equal(toJobs["x-forwarded-for"], undefined);
  assert.equal(toAux.authorization, undefined);
  assert.equal(toAux["idempotency-key"], undefined);
});

test("equal requests at once are two calls: who asks is for jobs to know", async (t) => {
  const { jobs, send } = await start(t);
  const held = gate();
  jobs.script = after(held, json({}));
  const calls = [1, 2].map(() => send("GET", "/v1/jobs", { headers: bearer }));
  await until(() => jobs.requests.length === 2);
  held.open();
  assert.ok((await Promise.all(calls)).every(({ status }) => status === 200));
});

test("a key or an Idempotency-Key that came twice is 400", async (t) => {
  const { jobs, gateway } = await start(t);
  for (const name of ["Authorization: Bearer", "Idempotency-Key:"]) {
    const head = `POST /v1/jobs/a/cancel HTTP/1.1\r\nHost: a\r\n${name} b\r\n${name} c\r\n\r\n`;
    const { responses } = await sendRaw(gateway.port, head);
    assert.equal(responses[0]?.status, 400, name);
  }
  assert.equal(jobs.requests.length, 0);
});

test("bodies are JSON of 64 KiB at most", async (t) => {
  const { jobs, send } = await start(t, echo);
  const post = (body: string, type = "application/json") =>
    send("POST", "/v1/jobs/submit", { headers: { "content-type": type }, body });
  const largest = JSON.stringify("x".repeat(65_534));
  const passed = await post(largest);
  assert.ok(JSON.parse(passed.text).body === largest, "64 KiB arrive whole");
  assert.equal((await post(`${largest} `)).problem?.code, "content_too_large");
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "nonsense"]) {
    assert.equal((await post("{}", type)).problem?.code, "unsupported_media_type", type);
  }
  assert.equal(jobs.requests.length, 1);
  const broken = JSON.parse((await post("{", "application/json; charset=utf-8")).text);
  assert.equal(broken.body, "{", "what is no JSON is for jobs to refuse");
});

test("a body too large without a length is refused once it is too large", async (t) => {
  const { jobs, gateway } = await start(t);
  const head = "POST /v1/jobs/submit HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
  const chunk = `4000\r\n${"x".repeat(0x4000)}\r\n`;
  const bytes = `${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(5)}`;
  const { responses } = await sendRaw(gateway.port, bytes);
  assert.equal(responses[0]?.status, 413);
  assert.equal(jobs.requests.length, 0);
});

test("a body where none is wanted is left out", async (t) => {
  const { send } = await start(t, echo);
  const answer = await send("POST", "/v1/jobs/abc/cancel", { body: "{}" });
  assert.equal(JSON.parse(answer.text).body, "");
});

for (const [method, path, headers, attempts] of [
  ["POST", "/v1/jobs/submit", {}, 1],
  ["DELETE", "/v1/disks/a", {}, 1],
  ["POST", "/v1/jobs/submit", { "idempotency-key": "k" }, 2],
  ["DELETE", "/v1/disks/a", { "idempotency-key": "k" }, 2],
  ["POST", "/v1/auth/aws-login", { "idempotency-key": "k" }, 1],
  ["GET", "/v1/jobs", {}, 2],
] as const) {
  const key = "idempotency-key" in headers ? " with an Idempotency-Key" : "";
  test(`${method} ${path}${key}, reset before its answer, is sent ${attempts} times`, async (t) => {
    const { jobs, send } = await start(t, (request) => request.socket.resetAndDestroy());
    const body = path.endsWith("submit") ? { body: '{"a":1}' } : {};
    const reply = await send(method, path, { headers, ...body });
    assert.equal(reply.problem?.code, "upstream_protocol_error");
    assert.equal(jobs.requests.length, attempts);
  });
}

test("jobs is gone: 503 with Retry-After, while aux is asked and the gateway is ready", async (t) => {
  const { jobs, gateway, send } = await start(t);
  await jobs.close();
  for (let i = 0; i < 4; i++) {
    const reply = await send("POST", "/v1/jobs/submit", { body: "{}" });
    assert.equal(reply.problem?.code, "upstream_unavailable");
    assert.equal(reply.headers.get("retry-after"), "1");
  }
  const { text } = await send("GET", "/health");
  const { status, database, queue } = JSON.parse(text);
  assert.deepEqual([status, database, queue], ["healthy", "unknown", "unknown"]);
  assert.equal((await send("GET", "/config/a")).status, 200);
  assert.equal((await get(gateway.url, "/readyz")).status, 200);
  assert.equal(await gateway.metric("airlock_upstream_breaker_open"), 1, "that of jobs alone");
});

for (const [status, code, headers] of [
  [401, "api_key_unknown", { "www-authenticate": KEY_REFUSALS.unknown.wwwAuthenticate }],
  [401, "unauthenticated", { "www-authenticate": "Airlock-AWS-Login" }],
  [403, "wrong_principal", {}],
  [422, "invalid_body", {}],
  [409, "job_ended", {}],
  [503, "database_unavailable", { "retry-after": "7" }],
  [405, "method_not_allowed", { allow: "GET" }],
] as const) {
  test(`a ${status} ${code} of jobs is passed on, under the request's own id`, async (t) => {
    const { send } = await start(t, problem(status, code, headers));
    const reply = await send("POST", "/v1/auth/aws-login", {
      headers: { "x-request-id": "mine" },
      body: "{}",
    });
    assert.deepEqual(
      [reply.status, reply.problem?.code, reply.problem?.detail, reply.problem?.request_id],
      [status, code, "in words", "mine"],
    );
    for (const [name, value] of Object.entries(headers)) {
      assert.equal(reply.headers.get(name), value);
    }
  });
}

for (const status of [401, 403] as const) {
  test(`a ${status} of jobs about the gateway itself is 502 for the client`, async (t) => {
    const code = status === 401 ? "unauthenticated" : "wrong_principal";
    const { send } = await start(t, problem(status, code, { "www-authenticate": "Airlock-Layer" }));
    const reply = await send("GET", "/v1/jobs", { headers: bearer });
    assert.equal(reply.problem?.code, "upstream_protocol_error");
    assert.equal(reply.headers.get("www-authenticate"), null);
  });
}

test("who leaves before its tunnel is there has left: jobs is not waited for, nor blamed", async (t) => {
  const { jobs, gateway } = await start(t, () => {});
  const client = connect(gateway.port, "127.0.0.1");
  t.after(() => client.destroy());
  const handshake = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
  client.write(
    [
      "GET /v1/jobs/abc/tunnel?port=22 HTTP/1.1",
      ...["Host: x", `Authorization: Bearer ${key}`, ...handshake],
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    ].join("\r\n"),
  );
  await until(() => jobs.requests.length === 1);
  client.destroy();
  await until(() => jobs.sockets.size === 0);
  await until(async () => (await gateway.metric("airlock_http_requests_in_flight")) === 0);
  const told = gateway.lines.filter(({ path }) => path === "/v1/jobs/abc/tunnel");
  assert.deepEqual(
    told.filter(({ level }) => level !== "debug").map(({ level, status }) => [level, status]),
    [["warn", 499]],
  );
});

test("/health tells of database and queue, asking jobs once a second at most", async (t) => {
  const words = { database: "unhealthy", queue: "missing" };
  const script = json({ status: "unhealthy", ...words, timestamp: new Date().toISOString() });
  const { aux, jobs, send } = await start(t, script);
  const answers = await Promise.all(Array.from({ length: 20 }, () => send("GET", "/health")));
  for (const { text } of answers) {
    const { status, database, queue } = JSON.parse(text);
    assert.deepEqual({ status, database, queue }, { status: "healthy", ...words });
  }
  assert.deepEqual(
    jobs.requests.map(({ url }) => url),
    ["/health"],
  );
  await until(async () => {
    await send("GET", "/health");
    return jobs.requests.length === 2;
  });
  assert.equal(aux.requests.length, 0);
});

test("/health does not wait long for jobs, and probes do not at all", async (t) => {
  const { jobs, send } = await start(t, () => {});
  const startedAt = performance.now();
  const health = send("GET", "/health");
  await until(() => jobs.requests.length === 1);
  assert.equal((await send("GET", "/livez")).status, 200);
  assert.equal((await send("GET", "/readyz")).status, 200);
  assert.equal(JSON.parse((await health).text).database, "unknown");
  assert.ok(performance.now() - startedAt < 5 * 500);
  assert.equal(jobs.requests.length, 1);
});
