/** Who gets a key, and who does not: the attack table through the service. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type AwsLoginProof, signGetCallerIdentity } from "@airlock/identity";
import { KNOWN_SESSIONS, type KnownSession } from "@airlock/local-aws";
import { gpuDevChild } from "../../../packages/cli/test/child.ts";
import { exampleIn } from "../../../packages/cli/test/examples.ts";
import { foreignProof } from "../../../packages/identity/test/aws-login-harness.ts";
import { askAt, type JobsRig, rawLogin, startJobs, startWorld } from "./harness.ts";
import { SERVER_ID, startProd } from "./prod.ts";

const world = await startWorld();
const database = await world.cluster.createDatabase();
const jobs = await startJobs(world, database);
const replica = await startJobs(world, database);

async function challengeOf(rig: JobsRig = jobs): Promise<string> {
  return (await rig.ask("POST", "/v1/auth/challenge")).body.challenge;
}

function signed(challenge: string, session: KnownSession = KNOWN_SESSIONS.gpuUser, changes = {}) {
  const { accessKeyId, secretAccessKey, sessionToken } = session;
  const credentials = { accessKeyId, secretAccessKey, sessionToken };
  const serverId = "airlock-dev";
  return signGetCallerIdentity({
    credentials,
    region: "eu-west-1",
    serverId,
    challenge,
    ...changes,
  });
}

const login = (body: object, rig: JobsRig = jobs) =>
  rig.ask("POST", "/v1/auth/aws-login", { body });
const stsCalls = () => world.aws.calls.counts().byOperation["sts.GetCallerIdentity"] ?? 0;

async function assertRefused(body: object, status: number, code: string, rig = jobs) {
  const answer = await login(body, rig);
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.equal(answer.body.code, code);
  assert.equal(typeof answer.body.detail, "string");
  if (status === 401) assert.ok(answer.headers.get("www-authenticate"));
  if (status === 503) assert.ok(answer.headers.get("retry-after"));
}

for (const [name, session, code] of [
  ["the role's name in a foreign account", "foreignAccount", "wrong_principal"],
  ["a role with a suffix", "roleWithSuffix", "wrong_principal"],
  ["a role with a prefix", "roleWithPrefix", "wrong_principal"],
  ["the role in lower case", "roleInLowerCase", "wrong_principal"],
  ["a session name with slashes", "slashedSession", "wrong_principal"],
] as const) {
  test(`${name} is refused, signed and with credentials`, async () => {
    await assertRefused(signed(await challengeOf(), KNOWN_SESSIONS[session]), 403, code);
    await assertRefused(rawLogin(KNOWN_SESSIONS[session]), 403, code);
  });
}

test("an expired session and a wrong secret are 401", async () => {
  await assertRefused(rawLogin(KNOWN_SESSIONS.expired), 401, "unauthenticated");
  const wrong = { ...KNOWN_SESSIONS.gpuUser, secretAccessKey: "x".repeat(40) };
  await assertRefused(rawLogin(wrong), 401, "unauthenticated");
});

test("a challenge is good once, on whichever replica, and STS is not asked again", async () => {
  const proof = signed(await challengeOf());
  assert.equal((await login(proof, replica)).status, 200);
  const before = stsCalls();
  await assertRefused(proof, 401, "invalid_challenge", replica);
  await assertRefused(proof, 401, "invalid_challenge");
  assert.equal(stsCalls(), before);
});

test("of twenty logins with one challenge at once, one succeeds", async () => {
  const proof = signed(await challengeOf());
  const rigs = Array.from({ length: 20 }, (_, i) => (i % 2 ? jobs : replica));
  const answers = await Promise.all(rigs.map((rig) => login(proof, rig)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal(answers.filter(({ status }) => status === 401).length, 19);
});

test("a challenge that has expired, or is nobody's, is refused before STS is asked", async () => {
  const challenge = await challengeOf();
  await jobs.db.query("UPDATE auth_challenges SET expires_at = now() - interval '1 second'");
  const before = stsCalls();
  await assertRefused(signed(challenge), 401, "invalid_challenge");
  await assertRefused(signed("A".repeat(43)), 401, "invalid_challenge");
  assert.equal(stsCalls(), before);
});

test("a challenge is used up by a login that fails", async () => {
  const challenge = await challengeOf();
  await assertRefused(signed(challenge, KNOWN_SESSIONS.foreignAccount), 403, "wrong_principal");
  await assertRefused(signed(challenge), 401, "invalid_challenge");
});

test("a signature for another server, or over another challenge, is refused", async () => {
  const other = signed(await challengeOf(), undefined, { serverId: "airlock.example.com" });
  await assertRefused(other, 401, "unauthenticated");
  const swapped: AwsLoginProof = { ...signed(await challengeOf()), challenge: await challengeOf() };
  await assertRefused(swapped, 401, "unauthenticated");
});

for (const minutes of [-6, 6]) {
  test(`a signature of ${minutes} minutes from now is refused`, async () => {
    const now = new Date(Date.now() + minutes * 60_000);
    await assertRefused(signed(await challengeOf(), undefined, { now }), 401, "unauthenticated");
  });
}

for (const [name, change] of [
  ["a line break in the token", { session_token: "aaaaaaaaaaaaaaaaaaaa\r\nx-amz-target: a" }],
  ["another host", { region: "evil.example.com" }],
  ["a member too many", { url: "https://sts.evil.example.com/?Action=AssumeRole" }],
  ["a second header in the date", { date: "20260115T163000Z, X-Other=1" }],
] as const) {
  test(`${name} is no login body`, async () => {
    const before = stsCalls();
    await assertRefused({ ...signed(await challengeOf()), ...change }, 422, "invalid_body");
    assert.equal(stsCalls(), before);
  });
}

for (const [name, body, words] of [
  ["nothing", {}, /region: /],
  [
    "a short secret",
    { ...rawLogin(KNOWN_SESSIONS.gpuUser), aws_secret_access_key: "x" },
    /aws_secret_access_key: /,
  ],
  [
    "a token that is no text",
    { ...rawLogin(KNOWN_SESSIONS.gpuUser), aws_session_token: 5 },
    /^aws_session_token: /,
  ],
  [
    "an access key alone",
    { aws_access_key_id: "ASIAIOSFODNN7EXAMPLE" },
    /^aws_secret_access_key: /,
  ],
  [
    "a signature of the wrong length",
    { ...signed("A".repeat(43)), signature: "ab" },
    /^signature: must be 64 hex digits; it was a text of 2 characters$/,
  ],
  ["a date that is none", { ...signed("A".repeat(43)), date: "now" }, /^date: must be like/],
  ["a region that is none", { ...signed("A".repeat(43)), region: "moon-1" }, /^region: /],
  ["a list", [], /^body: /],
] as const) {
  test(`a login body with ${name} is refused by the name of its member`, async () => {
    const answer = await login(body);
    assert.equal(answer.status, 422, JSON.stringify(answer.body));
    assert.match(answer.body.detail, words);
  });
}

for (const how of ["redirect", "oversized", "xmlInJson"] as const) {
  test(`an STS that answers badly (${how}) gives nobody a key`, async () => {
    world.aws.faults.set([{ kind: "badIdentity", how }]);
    await assertRefused(signed(await challengeOf()), 503, "identity_unavailable");
    world.aws.faults.clear();
  });
}

test("credentials are not taken where raw login is off, and STS never sees them", async () => {
  const strict = await startJobs(world, database, { env: { ALLOW_RAW_AWS_LOGIN: "off" } });
  const before = stsCalls();
  await assertRefused(rawLogin(KNOWN_SESSIONS.gpuUser), 403, "raw_login_off", strict);
  assert.equal(stsCalls(), before);
  assert.equal((await login(signed(await challengeOf(strict)), strict)).status, 200);
});

test("a disabled user gets no key and stays disabled, and the old keys stop", async () => {
  const key = await jobs.login(KNOWN_SESSIONS.otherGpuUser);
  const setActive = (isActive: boolean) =>
    jobs.db.query("UPDATE api_users SET is_active = $1 WHERE username = 'bob-example.com'", [
      isActive,
    ]);
  await setActive(false);
  await assertRefused(rawLogin(KNOWN_SESSIONS.otherGpuUser), 403, "api_key_disabled");
  const bob = signed(await challengeOf(), KNOWN_SESSIONS.otherGpuUser);
  await assertRefused(bob, 403, "api_key_disabled");
  const used = await jobs.ask("GET", "/v1/jobs", { key });
  assert.equal(used.status, 403);
  assert.equal(used.body.code, "api_key_disabled");
  await setActive(true);
});

test("an eleventh key ends the oldest", async () => {
  await jobs.db.query("DELETE FROM api_keys");
  const keys: string[] = [];
  for (let i = 0; i < 11; i++) keys.push(await jobs.login());
  const [oldest = "", second = ""] = keys;
  const first = await jobs.ask("GET", "/v1/keys", { key: oldest });
  assert.equal(first.status, 403);
  assert.equal(first.body.code, "api_key_revoked");
  assert.equal((await jobs.ask("GET", "/v1/keys", { key: second })).body.total, 10);
});

test("every login has its line in the audit log and its number in the metrics", async () => {
  const audits = jobs.lines.map((line) => JSON.parse(line)).filter((line) => line.audit === true);
  const logins = audits.filter((line) => line.event === "login");
  assert.ok(logins.some((line) => line.outcome === "done" && line.key_prefix));
  const foreign = logins.find((line) => line.reason === "account");
  assert.equal(foreign.arn, KNOWN_SESSIONS.foreignAccount.arn);
  const text = await jobs.metrics.registry.metrics();
  for (const outcome of ["ok", "account", "role", "challenge_unknown", "disabled", "clock"]) {
    assert.match(
      text,
      new RegExp(`airlock_logins_total\\{[^}]*outcome="${outcome}"[^}]*\\} [1-9]`),
    );
  }
});

/** As the seed's client reads its file (contract of seed 002, G): two members, a time with its zone, five minutes to spare. */
async function keyBySeed(home: string): Promise<string> {
  const { api_key: key, expires_at: end } = JSON.parse(
    await readFile(join(home, ".gpu-dev/credentials"), "utf8"),
  );
  assert.match(end, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?(Z|\+00:00)$/);
  assert.ok(Date.parse(end) - Date.now() > 5 * 60_000);
  return key;
}

test("against prod's settings, through the gateway, gpu-dev, the page's example and AWS's own signer log in, credentials themselves do not, and the seed's client uses what gpu-dev keeps", async (t) => {
  const { url } = await startProd(t, world, database);
  const home = await mkdtemp(join(tmpdir(), "airlock-prod-home-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const { accessKeyId, secretAccessKey, sessionToken } = KNOWN_SESSIONS.gpuUser;
  const env = {
    HOME: home,
    GPU_DEV_API_URL: url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };
  const ask = askAt(url);
  const raw = await ask("POST", "/v1/auth/aws-login", { body: rawLogin(KNOWN_SESSIONS.gpuUser) });
  assert.deepEqual([raw.status, raw.body.code], [403, "raw_login_off"]);

  const example = join(home, "login.ts");
  await writeFile(example, await exampleIn("ts"));
  const program = [process.execPath, example];
  const [command, page] = await Promise.all([
    gpuDevChild(["login", "--server-id", SERVER_ID], env).ended,
    gpuDevChild([url, SERVER_ID], env, { program }).ended,
  ]);
  assert.equal(command.code, 0, command.err);
  assert.match(page.out, /^gpud_\w{49}\n$/, page.err);
  // signed for the host of its address, as where nothing is configured
  const other = await gpuDevChild(["login", "--server-id", "other.example.com"], env).ended;
  assert.equal(other.code, 4, other.err);

  const { challenge } = (await ask("POST", "/v1/auth/challenge")).body;
  const proof = await foreignProof(({ headers }) => {
    headers["x-airlock-server-id"] = SERVER_ID;
  }, challenge);
  const signed = await ask("POST", "/v1/auth/aws-login", { body: proof });
  assert.equal(signed.status, 200, JSON.stringify(signed.body));

  const key = await keyBySeed(home);
  assert.equal((await stat(join(home, ".gpu-dev/credentials"))).mode & 0o777, 0o600);
  for (const good of [key, page.out.trim(), signed.body.api_key]) {
    const list = await ask("GET", "/v1/jobs?limit=500&offset=0&status=active", { key: good });
    assert.deepEqual([list.status, list.body.jobs], [200, []]);
  }
});
