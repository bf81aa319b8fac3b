/** Who passes the outer door, what aux learns of it, and how often. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Problem } from "@airlock/contract";
import { newApiKey } from "@airlock/identity";
import { createLocalIssuer } from "@airlock/local-issuer";
import { after, gate, get, json, startGateway, startUpstream, until } from "./harness.ts";

async function startAsking(t: TestContext, env: Record<string, string> = {}) {
  const issuer = await createLocalIssuer();
  const folder = await mkdtemp(join(tmpdir(), "airlock-layer-"));
  const file = join(folder, "token");
  const claims = { sub: "system:serviceaccount:gateway:gateway", aud: ["aux"] };
  const token = await issuer.keepTokenFile(file, claims, { ttlSeconds: 3600 });
  t.after(async () => {
    token.close();
    await issuer.close();
    await rm(folder, { recursive: true });
  });
  const upstream = await startUpstream(t, json({ ok: true }));
  const gateway = await startGateway(t, upstream.url, {
    GATEWAY_AUTH: "jwt",
    GATEWAY_JWT_ISSUER: issuer.issuer,
    GATEWAY_JWT_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    GATEWAY_JWT_AUDIENCE: "airlock",
    LAYER_AUTH: "service-account",
    LAYER_TOKEN_FILE: file,
    JOBS_LAYER_TOKEN_FILE: file,
    ...env,
  });
  await until(async () => (await get(gateway.url, "/readyz")).status === 200);
  const bearer = async (sub: string, more: object = {}) => ({
    authorization: `Bearer ${await issuer.mint({ sub, aud: ["airlock"], ...more })}`,
  });
  return { issuer, upstream, gateway, bearer };
}

test("without, with a bad, an expired and a good token: 401, 401, 401, 200", async (t) => {
  const { gateway, upstream, bearer } = await startAsking(t);
  const missing = await get(gateway.url, "/config/a");
  assert.equal(missing.status, 401);
  assert.equal(missing.headers["www-authenticate"], "Bearer");
  assert.equal(Problem.parse(JSON.parse(missing.body)).code, "unauthenticated");
  const bad = await get(gateway.url, "/config/a", { authorization: "Bearer a.b.c" });
  assert.equal(bad.status, 401);
  assert.equal(bad.headers["www-authenticate"], 'Bearer error="invalid_token"');
  const expired = await get(gateway.url, "/config/a", await bearer("alice", { exp: 1 }));
  assert.equal(expired.status, 401);
  assert.equal(upstream.requests.length, 0);
  assert.equal((await get(gateway.url, "/config/a", await bearer("alice"))).status, 200);
});

test("every path but probes, health and docs asks who is calling, unknown ones too", async (t) => {
  const { gateway } = await startAsking(t);
  for (const path of ["/", "/version", "/storage", "/config", "/config/a", "/nothing"]) {
    assert.equal((await get(gateway.url, path)).status, 401, path);
  }
  for (const path of ["/livez", "/readyz", "/docs", "/openapi.json", "/docs/static/index.css"]) {
    assert.equal((await get(gateway.url, path)).status, 200, path);
  }
});

test("/health answers anybody, whatever is shown, and is limited", async (t) => {
  const { gateway, upstream } = await startAsking(t, { RATE_LIMIT_PER_MINUTE: "4" });
  for (const authorization of ["", "Bearer a.b.c", "Basic eA=="]) {
    const { status, body, headers } = await get(gateway.url, "/health", { authorization });
    assert.equal(status, 200, body);
    const { timestamp, ...rest } = JSON.parse(body);
    assert.deepEqual(rest, { status: "healthy", service: "gateway", environment: "dev" });
    assert.ok(Date.parse(timestamp) > 0);
    assert.equal(headers["cache-control"], "no-store");
  }
  assert.equal((await get(gateway.url, "/version")).status, 401);
  assert.equal((await get(gateway.url, "/health")).status, 429);
  assert.equal(upstream.requests.length, 0);
});

test("aux gets the layer's proof and the caller's name; a client's own headers never arrive", async (t) => {
  const { gateway, upstream, bearer } = await startAsking(t);
  await get(gateway.url, "/config/a", {
    ...(await bearer("alice")),
    "x-airlock-caller": "root",
    "x-airlock-layer": "forged",
    "x-airlock-client": "6.6.6.6",
    "x-forwarded-for": "6.6.6.6",
  });
  const headers = upstream.requests[0]?.headers;
  assert.equal(headers?.["x-airlock-client"], "127.0.0.1");
  assert.equal(headers?.["x-forwarded-for"], undefined);
  assert.equal(headers?.["x-airlock-caller"], "alice");
  assert.match(String(headers?.["x-airlock-layer"]), /^eyJ/);
  assert.equal(headers?.authorization, undefined);
  const line = gateway.lines.find(({ msg, route }) => msg === "request" && route === "/config/*");
  assert.equal(line?.caller, "alice");
});

test("aux gets the caller's groups, and nobody else's word for them", async (t) => {
  const { gateway, upstream, bearer } = await startAsking(t);
  const groups = ["platform/dev", "team a, b", "ключ"];
  await get(gateway.url, "/config/a", await bearer("alice", { groups }));
  assert.equal(
    upstream.requests[0]?.headers["x-airlock-groups"],
    "platform%2Fdev,team%20a%2C%20b,%D0%BA%D0%BB%D1%8E%D1%87",
  );
  await get(gateway.url, "/config/a", { ...(await bearer("bob")), "x-airlock-groups": "admins" });
  assert.equal(upstream.requests[1]?.headers["x-airlock-groups"], undefined);
});

test("one caller with other groups does not share a flight", async (t) => {
  const { gateway, upstream, bearer } = await startAsking(t);
  const held = gate();
  upstream.script = after(held, json({}));
  const [before, now] = [await bearer("alice", { groups: ["a"] }), await bearer("alice")];
  const calls = [before, before, now].map((headers) => get(gateway.url, "/config/a", headers));
  await until(() => upstream.requests.length === 2);
  held.open();
  assert.ok((await Promise.all(calls)).every(({ status }) => status === 200));
  assert.equal(upstream.requests.length, 2);
});

test("two callers who ask for one name at once do not share a flight", async (t) => {
  const { gateway, upstream, bearer } = await startAsking(t);
  const held = gate();
  upstream.script = after(held, json({}));
  const [alice, bob] = [await bearer("alice"), await bearer("bob")];
  const calls = [alice, alice, bob].map((headers) => get(gateway.url, "/config/a", headers));
  await until(() => upstream.requests.length === 2);
  held.open();
  assert.ok((await Promise.all(calls)).every(({ status }) => status === 200));
  assert.equal(upstream.requests.length, 2);
});

test("GATEWAY_AUTH=jwt asks nobody under /v1, where jobs asks for keys of its own", async (t) => {
  const jobs = await startUpstream(t, json({ ok: true }));
  const { gateway, upstream, bearer } = await startAsking(t, { JOBS_SERVICE_URL: jobs.url });
  const key = { authorization: `Bearer ${newApiKey().key}` };
  for (const headers of [key, {}, await bearer("alice")]) {
    assert.equal((await get(gateway.url, "/v1/jobs", headers)).status, 200);
    const { authorization, ...seen } = jobs.requests.at(-1)?.headers ?? {};
    assert.equal(authorization, "authorization" in headers ? headers.authorization : undefined);
    assert.equal(seen["x-airlock-caller"], undefined);
  }
  assert.equal((await get(gateway.url, "/v1/nothing", key)).status, 404);
  for (const path of ["/config/a", "/v1", "/v10/jobs", "/v1/../config/a", "/%76%31/jobs"]) {
    assert.notEqual((await get(gateway.url, path, key)).status, 200, path);
  }
  assert.equal((await get(gateway.url, "/config/a", key)).status, 401);
  assert.deepEqual([jobs.requests.length, upstream.requests.length], [3, 0]);
});

for (const [status, code] of [
  [401, "unauthenticated"],
  [403, "wrong_principal"],
] as const) {
  test(`a ${status} of aux about the gateway itself is 502 for the client`, async (t) => {
    const { gateway, upstream, bearer } = await startAsking(t);
    upstream.script = (_request, response) => {
      const type = `urn:airlock:problem:${code}`;
      const problem = { type, title: "t", status, detail: "d", instance: "i", code };
      response.writeHead(status, { "content-type": "application/problem+json" });
      response.end(JSON.stringify({ ...problem, request_id: "r" }));
    };
    const reply = await get(gateway.url, "/config/a", await bearer("alice"));
    assert.equal(reply.status, 502, reply.body);
    assert.equal(Problem.parse(JSON.parse(reply.body)).code, "upstream_protocol_error");
  });
}

test("a limit counts callers, whatever address they come from", async (t) => {
  const { gateway, bearer } = await startAsking(t, { RATE_LIMIT_PER_MINUTE: "3" });
  const [alice, bob] = [await bearer("alice"), await bearer("bob")];
  const statuses = [];
  for (let i = 0; i < 5; i++) statuses.push((await get(gateway.url, "/config/a", alice)).status);
  assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
  const limited = await get(gateway.url, "/config/a", alice);
  assert.equal(Problem.parse(JSON.parse(limited.body)).code, "rate_limited");
  assert.ok(Number(limited.headers["retry-after"]) > 0);
  assert.equal(limited.headers["ratelimit-limit"], "3");
  assert.equal(limited.headers["ratelimit-remaining"], "0");
  assert.equal((await get(gateway.url, "/config/a", bob)).status, 200);
  assert.equal((await get(gateway.url, "/readyz")).status, 200);
});

test("bad tokens count for the address they come from", async (t) => {
  const { gateway } = await startAsking(t, { RATE_LIMIT_PER_MINUTE: "3" });
  const statuses = [];
  for (let i = 0; i < 5; i++) {
    const headers = { authorization: `Bearer x.y.${i}` };
    statuses.push((await get(gateway.url, "/config/a", headers)).status);
  }
  assert.deepEqual(statuses, [401, 401, 401, 429, 429]);
});

test("1,000 requests with a new X-Forwarded-For each: 429 after the limit", async (t) => {
  const upstream = await startUpstream(t, json({}));
  const gateway = await startGateway(t, upstream.url, { RATE_LIMIT_PER_MINUTE: "100" });
  let limited = 0;
  for (let i = 0; i < 1000; i++) {
    const forwarded = `10.${i >> 8}.${i & 255}.1`;
    const { status } = await get(gateway.url, "/config/a", { "x-forwarded-for": forwarded });
    if (status === 429) limited++;
  }
  assert.equal(limited, 900);
  assert.equal(upstream.requests.length, 100);
});

test("X-Forwarded-For of a trusted proxy names the address", async (t) => {
  const upstream = await startUpstream(t, json({}));
  const gateway = await startGateway(t, upstream.url, {
    RATE_LIMIT_PER_MINUTE: "1",
    TRUST_PROXY: "127.0.0.0/8",
  });
  const ask = async (address: string) =>
    (await get(gateway.url, "/config/a", { "x-forwarded-for": address })).status;
  assert.deepEqual(
    [await ask("6.6.6.6"), await ask("7.7.7.7"), await ask("6.6.6.6")],
    [200, 200, 429],
  );
});
