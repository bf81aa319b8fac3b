/** The gateway in front of two real replicas of jobs, each side with its proof for the other. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { newApiKey, signGetCallerIdentity } from "@airlock/identity";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { createLocalIssuer } from "@airlock/local-issuer";
import { askAt, rawLogin, SEED_JOB, startJobs, startWorld } from "../../jobs/test/harness.ts";
import { json, startGateway, startUpstream, until } from "./harness.ts";

const SUBJECT = "system:serviceaccount:gateway:gateway";
const OPERATOR = "aws:111122223333:SSOCloudDevGpuReservation:alice@example.com";
const world = await startWorld();

/** Two replicas of jobs and a gateway for each, on one database; aux is a stand-in. */
async function start(t: TestContext, env: Record<string, string> = {}) {
  const issuer = await createLocalIssuer();
  const folder = await mkdtemp(join(tmpdir(), "airlock-layer-"));
  const fileOf = (audience: string) => join(folder, audience, "token");
  const keep = (audience: string) => {
    const claims = { sub: SUBJECT, aud: [audience] };
    return issuer.keepTokenFile(fileOf(audience), claims, { ttlSeconds: 3600 });
  };
  const tokens = await Promise.all([keep("aux"), keep("jobs")]);
  t.after(async () => {
    for (const token of tokens) token.close();
    await issuer.close();
    await rm(folder, { recursive: true });
  });
  const layer = {
    LAYER_AUTH_MODE: "enforce",
    LAYER_AUTH_ISSUER: issuer.issuer,
    LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    LAYER_AUTH_AUDIENCE: "jobs",
    LAYER_AUTH_SUBJECTS: SUBJECT,
    ADMIN_SUBJECTS: OPERATOR,
  };
  const database = await world.cluster.createDatabase();
  const replicas = await Promise.all([1, 2].map(() => startJobs(world, database, { env: layer })));
  const aux = await startUpstream(t, json({ ok: true }));
  const gateways = await Promise.all(
    replicas.map(({ url }) =>
      startGateway(t, aux.url, {
        JOBS_SERVICE_URL: url,
        LAYER_AUTH: "service-account",
        LAYER_TOKEN_FILE: fileOf("aux"),
        JOBS_LAYER_TOKEN_FILE: fileOf("jobs"),
        ...env,
      }),
    ),
  );
  const [jobs, otherJobs] = replicas;
  const [gateway, otherGateway] = gateways;
  assert.ok(jobs && otherJobs && gateway && otherGateway);
  const [ask, askOther] = [askAt(gateway.url), askAt(otherGateway.url)];
  const login = async () => {
    const { status, body } = await ask("POST", "/v1/auth/aws-login", {
      body: rawLogin(KNOWN_SESSIONS.gpuUser),
    });
    assert.equal(status, 200, JSON.stringify(body));
    return body as { api_key: string; key_prefix: string };
  };
  return { replicas, jobs, gateway, aux, ask, askOther, login };
}

test("the seed's way through the gateway: signed login, submit, show, list, extend, cancel, disks", async (t) => {
  const { ask, askOther } = await start(t);
  const { challenge } = (await ask("POST", "/v1/auth/challenge")).body;
  const { accessKeyId, secretAccessKey, sessionToken } = KNOWN_SESSIONS.gpuUser;
  const proof = signGetCallerIdentity({
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    region: "eu-west-1",
    serverId: "airlock-dev",
    challenge,
  });
  const login = await askOther("POST", "/v1/auth/aws-login", { body: proof });
  assert.equal(login.status, 200, JSON.stringify(login.body));
  const again = await ask("POST", "/v1/auth/aws-login", { body: proof });
  assert.deepEqual([again.status, again.body.code], [401, "invalid_challenge"]);

  const key: string = login.body.api_key;
  const headers = { "idempotency-key": "one" };
  const submitted = await ask("POST", "/v1/jobs/submit", { key, headers, body: SEED_JOB });
  assert.equal(submitted.status, 200, JSON.stringify(submitted.body));
  const repeated = await askOther("POST", "/v1/jobs/submit", { key, headers, body: SEED_JOB });
  assert.deepEqual(repeated.body, submitted.body);
  const id: string = submitted.body.job_id;
  const shown = await askOther("GET", `/v1/jobs/${id}`, { key });
  assert.deepEqual([shown.status, shown.body.gpu_type], [200, "h100"]);
  const listed = await ask("GET", "/v1/jobs?status=queued,active&limit=500&offset=0", { key });
  assert.equal(listed.body.total, 1);
  const more = await ask("POST", `/v1/jobs/${id}/extend`, { key, body: { extension_hours: 2 } });
  assert.equal(more.status, 200, JSON.stringify(more.body));
  const invalid = await ask("POST", `/v1/jobs/${id}/extend`, { key, body: {} });
  assert.deepEqual([invalid.status, invalid.body.code], [422, "invalid_body"]);
  assert.match(invalid.body.detail, /^extension_hours: /);
  assert.equal((await ask("POST", `/v1/jobs/${id.slice(0, 8)}/cancel`, { key })).status, 200);
  const disk = await ask("POST", "/v1/disks", { key, body: { disk_name: "a", size_gb: 10 } });
  const { operation_id: operation } = disk.body;
  const progress = await ask("GET", `/v1/disks/a/operations/${operation}`, { key });
  assert.equal(progress.body.status, "queued", JSON.stringify(progress.body));
  const rotated = await ask("POST", "/v1/keys/rotate", { key });
  assert.equal(rotated.status, 200, JSON.stringify(rotated.body));
  const health = (await ask("GET", "/health")).body;
  assert.deepEqual([health.database, health.queue], ["healthy", "healthy"]);
});

test("GATEWAY_AUTH=api-key: a key of jobs opens /config, under the name of its owner's session", async (t) => {
  const { aux, jobs, gateway, ask, login } = await start(t, { GATEWAY_AUTH: "api-key" });
  const { api_key: key } = await login();
  // its own look at the database, each second, is no question, nor is forgetting keys of the past
  const questions = () =>
    jobs.statements.filter((sql) => /FROM api_keys JOIN api_users/.test(sql)).length;
  const before = questions();
  const [opened, ...others] = await Promise.all(
    [1, 2, 3].map(() => ask("GET", "/config/a", { key })),
  );
  assert.equal(opened?.status, 200, JSON.stringify(opened?.body));
  assert.ok(others.every(({ status }) => status === 200));
  assert.equal(questions() - before, 1, "three requests at once, one question");
  assert.equal(
    aux.requests[0]?.headers["x-airlock-caller"],
    "aws:111122223333:SSOCloudDevGpuReservation:alice@example.com",
  );
  assert.equal(aux.requests[0]?.headers["x-airlock-groups"], undefined);
  assert.equal(aux.requests[0]?.headers.authorization, undefined);

  const passed = aux.requests.length;
  const refusals = [
    [undefined, 401, "api_key_missing", "Bearer"],
    ["gpud_short", 401, "api_key_malformed", /error="invalid_token"/],
    [newApiKey().key, 401, "api_key_unknown", /error="invalid_token"/],
  ] as const;
  for (const [key, status, code, challenge] of refusals) {
    const asked = questions();
    const refused = await ask("GET", "/storage", { ...(key && { key }) });
    assert.deepEqual([refused.status, refused.body.code], [status, code]);
    assert.match(refused.headers.get("www-authenticate") ?? "", new RegExp(challenge));
    assert.equal(questions() - asked, code === "api_key_unknown" ? 1 : 0, code);
  }
  assert.equal(aux.requests.length, passed);
  assert.ok(!JSON.stringify(gateway.lines).includes(key.slice(14)), "no key in the log");
});

test("operators work through either gateway; nobody else gets in, whatever they call themselves", async (t) => {
  const { replicas, ask, askOther, login } = await start(t);
  const { api_key: key } = await login();
  const login2 = await ask("POST", "/v1/auth/aws-login", {
    body: rawLogin(KNOWN_SESSIONS.otherGpuUser),
  });
  const bob: string = login2.body.api_key;
  const { users } = (await askOther("GET", "/v1/admin/users?username=bob-example.com", { key }))
    .body;
  const path = `/v1/admin/users/${users[0].user_id}`;
  const forged = {
    "x-airlock-caller": OPERATOR,
    "x-airlock-caller-whole": OPERATOR,
    "x-airlock-groups": "operators",
    "x-airlock-client": "127.0.0.1",
    "x-airlock-layer": "forged",
    "x-forwarded-for": "127.0.0.1",
    "x-original-url": path,
    "x-http-method-override": "DELETE",
  };
  for (const one of [ask, askOther]) {
    for (const [method, target] of [
      ["GET", "/v1/admin/users"],
      ["POST", `${path}/enable`],
      ["DELETE", `${path}?username=bob-example.com`],
      ["GET", "/v1/admin/retention"],
    ] as const) {
      const refused = await one(method, target, { key: bob, headers: forged });
      assert.deepEqual([refused.status, refused.body.code], [403, "admin_only"], target);
    }
  }
  const audits = replicas
    .flatMap(({ lines }) => lines.map((line) => JSON.parse(line)))
    .filter(({ audit, outcome }) => audit && outcome === "refused");
  assert.equal(audits.length, 8);
  for (const { caller } of audits) assert.equal(caller, OPERATOR.replace("alice", "bob"));
  // what the gateway knows of a key it knows for a second
  assert.equal((await ask("GET", "/v1/keys", { key: bob })).status, 200);
  assert.equal((await askOther("POST", `${path}/disable`, { key })).status, 200);
  await until(async () => {
    const answers = await Promise.all(
      [ask, askOther].map((one) => one("GET", "/v1/keys", { key: bob })),
    );
    return answers.every(({ body }) => body.code === "api_key_disabled");
  }, 5000);
  const enabled = await ask("POST", `${path}/enable`, { key });
  assert.equal(enabled.status, 200, JSON.stringify(enabled.body));
});

test("a key revoked at one gateway opens nothing at either, within a second", async (t) => {
  const { ask, askOther, login } = await start(t, { GATEWAY_AUTH: "api-key" });
  const { api_key: key, key_prefix: prefix } = await login();
  const statuses = async () =>
    (await Promise.all([ask, askOther].map((one) => one("GET", "/config/a", { key })))).map(
      ({ status, body }) => body.code ?? status,
    );
  assert.deepEqual(await statuses(), [200, 200]);
  assert.equal((await ask("DELETE", `/v1/keys/${prefix}`, { key })).status, 200);
  const revokedAt = performance.now();
  await until(async () => (await statuses()).every((code) => code === "api_key_revoked"), 5000);
  const elapsed = performance.now() - revokedAt;
  t.diagnostic(`refused by both after ${Math.round(elapsed)} ms`);
  assert.ok(elapsed < 5 * 1000);
});

test("while jobs is gone keys cannot be checked: 503, and the gateway stays", async (t) => {
  const { aux, replicas, ask, login } = await start(t, { GATEWAY_AUTH: "api-key" });
  const { api_key: key } = await login();
  assert.equal((await ask("GET", "/config/a", { key })).status, 200);
  await Promise.all(replicas.map(({ close }) => close()));
  await until(async () => (await ask("GET", "/config/a", { key })).status !== 200);
  const asked = aux.requests.length;
  const refused = await ask("GET", "/config/a", { key });
  assert.deepEqual([refused.status, refused.body.code], [503, "keys_unavailable"]);
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.equal((await ask("GET", "/config/a", { key: "gpud_short" })).status, 401);
  assert.equal((await ask("GET", "/readyz")).status, 200);
  assert.equal(aux.requests.length, asked);
});

test("a gateway that jobs does not know is 502 for its clients", async (t) => {
  const { jobs } = await start(t);
  const aux = await startUpstream(t, json({}));
  const stranger = await startGateway(t, aux.url, { JOBS_SERVICE_URL: jobs.url });
  const answer = await askAt(stranger.url)("POST", "/v1/auth/challenge");
  assert.deepEqual([answer.status, answer.body.code], [502, "upstream_protocol_error"]);
});
