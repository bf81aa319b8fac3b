/** Whom aux's policy takes the owner of an API key for: gateway, jobs and aux, all of them real. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { KNOWN_SESSIONS, type KnownSession } from "@airlock/local-aws";
import { createLocalIssuer } from "@airlock/local-issuer";
import { startAux } from "../../aux/test/harness.ts";
import { askAt, rawLogin, startJobs, startWorld } from "../../jobs/test/harness.ts";
import { startGateway } from "./harness.ts";

const SUBJECT = "system:serviceaccount:gateway:gateway";
const ROLE = "SSOCloudDevGpuReservation";
const world = await startWorld();

const POLICY = `version: 1
rules:
  - {id: alice, callers: ["aws:111122223333:${ROLE}:alice@example.com"], verbs: [read], parameters: [/airlock/dev/database/host]}
  - {id: role, callers: ["aws:111122223333:${ROLE}:*"], verbs: [read], parameters: [my-parameter]}
  - {id: other-account, callers: ["aws:444455556666:*"], verbs: [read], parameters: [/airlock/dev/database/port]}
`;

/** The three services, each door shut but to the service that may come in. */
async function startAll(t: TestContext) {
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
  const enforced = (audience: string) => ({
    LAYER_AUTH_MODE: "enforce",
    LAYER_AUTH_ISSUER: issuer.issuer,
    LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    LAYER_AUTH_AUDIENCE: audience,
    LAYER_AUTH_SUBJECTS: SUBJECT,
  });
  const env = { ...enforced("jobs"), ALLOWED_AWS_ACCOUNTS: "111122223333,444455556666" };
  const jobs = await startJobs(world, await world.cluster.createDatabase(), { env });
  const aux = await startAux(t, enforced("aux"), undefined, { policy: POLICY });
  const gateway = await startGateway(t, aux.url, {
    GATEWAY_AUTH: "api-key",
    JOBS_SERVICE_URL: jobs.url,
    LAYER_AUTH: "service-account",
    LAYER_TOKEN_FILE: fileOf("aux"),
    JOBS_LAYER_TOKEN_FILE: fileOf("jobs"),
  });
  const ask = askAt(gateway.url);
  /** Statuses for the host, the port and the parameter of one level. */
  const reads = async (session: KnownSession) => {
    const login = await ask("POST", "/v1/auth/aws-login", { body: rawLogin(session) });
    assert.equal(login.status, 200, JSON.stringify(login.body));
    const paths = ["/airlock/dev/database/host", "/airlock/dev/database/port", "my-parameter"];
    const key: string = login.body.api_key;
    const answers = await Promise.all(paths.map((path) => ask("GET", `/config/${path}`, { key })));
    return { username: login.body.username, statuses: answers.map(({ status }) => status) };
  };
  return { aux, gateway, jobs, reads };
}

test("look-alike sessions and one name in two accounts: three callers, whoever logs in first", async (t) => {
  const { aux, gateway, jobs, reads } = await startAll(t);
  const lookAlike = await reads(KNOWN_SESSIONS.lookAlike);
  const alice = await reads(KNOWN_SESSIONS.gpuUser);
  const foreign = await reads(KNOWN_SESSIONS.foreignAccount);
  assert.equal(lookAlike.username, "alice-example.com", "the label that alice would have had");
  assert.deepEqual(lookAlike.statuses, [404, 404, 200]);
  assert.deepEqual(alice.statuses, [200, 404, 200]);
  assert.deepEqual(foreign.statuses, [404, 200, 404]);

  const names = [
    `aws:111122223333:${ROLE}:alice-example.com`,
    `aws:111122223333:${ROLE}:alice@example.com`,
    `aws:444455556666:${ROLE}:alice@example.com`,
  ];
  const audited = aux.lines.filter(({ audit }) => audit).map(({ caller }) => caller);
  assert.deepEqual([...new Set(audited)], names, "the audit log of aux");
  const callersOf = (lines: readonly Record<string, unknown>[], prefix: string) =>
    lines
      .filter(({ msg, path }) => msg === "request" && String(path).startsWith(prefix))
      .map(({ caller }) => caller);
  assert.deepEqual([...new Set(callersOf(gateway.lines, "/config"))], names, "the gateway's log");
  const atJobs = jobs.lines.map((line) => JSON.parse(line));
  assert.deepEqual(callersOf(atJobs, "/v1/auth"), names, "the log of jobs");
  const logins = atJobs.filter(({ event }) => event === "login");
  assert.deepEqual(
    logins.map(({ caller, username }) => [caller, username]),
    [lookAlike, alice, foreign].map(({ username }, index) => [names[index], username]),
  );
});
