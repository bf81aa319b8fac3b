/** Who gets an answer from jobs: the gateway's own identity, and nobody else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { createLocalIssuer } from "@airlock/local-issuer";
import { rawLogin, startJobs, startWorld } from "./harness.ts";

const GATEWAY = { sub: "system:serviceaccount:gateway:gateway", aud: ["jobs"] };

test("every path but probes and health asks for the gateway's proof, the internal one too", async (t) => {
  const world = await startWorld();
  const issuer = await createLocalIssuer();
  t.after(() => issuer.close());
  const jobs = await startJobs(world, await world.cluster.createDatabase(), {
    env: {
      LAYER_AUTH_MODE: "enforce",
      LAYER_AUTH_ISSUER: issuer.issuer,
      LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
      LAYER_AUTH_AUDIENCE: "jobs",
      LAYER_AUTH_SUBJECTS: GATEWAY.sub,
    },
  });
  for (const [method, path] of [
    ["GET", "/"],
    ["GET", "/v1/jobs"],
    ["POST", "/v1/auth/challenge"],
    ["POST", "/internal/key-check"],
    ["GET", "/nothing"],
  ] as const) {
    const answer = await jobs.ask(method, path);
    assert.equal(answer.status, 401, path);
    assert.equal(answer.headers.get("www-authenticate"), "Airlock-Layer", path);
  }
  assert.equal((await jobs.ask("GET", "/livez")).status, 200);
  let health = await jobs.ask("GET", "/health");
  while (health.body.status !== "healthy") health = await jobs.ask("GET", "/health");
  assert.equal(health.status, 200);
  const { timestamp, ...rest } = health.body;
  assert.ok(Date.parse(timestamp) > 0);
  const expected = { status: "healthy", database: "healthy", queue: "healthy" };
  assert.deepEqual(rest, { ...expected, service: "jobs", environment: "dev" });
  const good = { "x-airlock-layer": await issuer.mint(GATEWAY) };
  assert.equal((await jobs.ask("POST", "/v1/auth/challenge", { headers: good })).status, 200);
  const from = { ...good, "x-airlock-client": "2001:db8::7" };
  const login = await jobs.ask("POST", "/v1/auth/aws-login", {
    headers: from,
    body: rawLogin(KNOWN_SESSIONS.gpuUser),
  });
  assert.equal(login.status, 200, JSON.stringify(login.body));
  const audited = jobs.lines.map((line) => JSON.parse(line)).find(({ audit }) => audit);
  assert.deepEqual([audited?.event, audited?.peer], ["login", "2001:db8::7"]);
  const keyless = await jobs.ask("GET", "/v1/jobs", { headers: good });
  assert.equal(keyless.body.code, "api_key_missing");
  const stranger = { ...GATEWAY, sub: "system:serviceaccount:default:default" };
  const other = { "x-airlock-layer": await issuer.mint(stranger) };
  assert.equal((await jobs.ask("GET", "/v1/jobs", { headers: other })).status, 403);
});
