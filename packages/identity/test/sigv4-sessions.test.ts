/** The session that signs: where it comes from, what is refused there, and how it is kept. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { AwsClock, type Environment } from "@airlock/config";
import { NoSessionError, refuseSessionSource, sessionSource } from "@airlock/identity";
import { LOCAL_AWS, startLocalAws } from "@airlock/local-aws";
import { containerAddress } from "../src/sigv4/container-address.ts";
import { createExecutionPresenter } from "../src/sigv4/execution-presenter.ts";
import type { SessionSource } from "../src/sigv4/session.ts";
import { SessionKeeper } from "../src/sigv4/session-keeper.ts";
import { recordLog } from "./harness.ts";

const GOOD = {
  AccessKeyId: "ASIAEXAMPLEEXECUTION",
  SecretAccessKey: "EXAMPLE/nothing/here/is/secret/aaaaaaaaa",
  Token: "IQoJexample/CANARY+token==",
  Expiration: "2099-01-01T00:00:00Z",
};
const OPTIONS = { region: "eu-west-1", sessionName: "gateway" };
/** One part of a JWT; its signature is for STS to look at. */
const JWT =
  "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6Z2F0ZXdheTpnYXRld2F5In0.CANARY";

async function serve(t: TestContext, listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function file(t: TestContext, content: string) {
  const folder = await mkdtemp("/tmp/airlock-session-");
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(`${folder}/token`, content);
  return `${folder}/token`;
}

const fetched = (source: SessionSource) => source.fetch(AbortSignal.timeout(5000));

test("IRSA: one unsigned POST gives a session that STS knows", async (t) => {
  const aws = await startLocalAws();
  t.after(() => aws.close());
  const settings = {
    AWS_ROLE_ARN: LOCAL_AWS.webIdentityRoleArn,
    AWS_WEB_IDENTITY_TOKEN_FILE: await file(t, JWT),
  };
  const source = sessionSource(settings, { ...OPTIONS, stsUrl: aws.url });
  const { session, atMs } = await fetched(source);
  assert.match(session.accessKeyId, /^ASIA/);
  assert.ok(session.expiresAtMs - Date.now() > 3_500_000, "an hour is what AWS gives unasked");
  assert.ok(Math.abs(atMs - Date.now()) < 5000);
});

test("IRSA: what is sent, and nothing beside it", async (t) => {
  const seen: { request: IncomingMessage; body: string }[] = [];
  const stsUrl = await serve(t, async (request, response) => {
    seen.push({ request, body: await text(request) });
    response.end();
  });
  const tokenFile = await file(t, `${JWT}\n`);
  const settings = {
    AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/airlock-gateway-role-dev",
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
  };
  const source = sessionSource(settings, { ...OPTIONS, stsUrl });
  await assert.rejects(fetched(source), NoSessionError);
  const [{ request, body } = assert.fail("nothing was sent")] = seen;
  assert.equal(`${request.method} ${request.url}`, "POST /");
  assert.equal(request.headers.authorization, undefined);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(body)), {
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: settings.AWS_ROLE_ARN,
    RoleSessionName: "gateway",
    WebIdentityToken: JWT,
  });
});

test("IRSA: refused by STS, in its code alone; without a token, in the file's name alone", async (t) => {
  const aws = await startLocalAws();
  t.after(() => aws.close());
  const tokenFile = await file(t, JWT);
  const settings = { AWS_ROLE_ARN: LOCAL_AWS.roleArn, AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile };
  const source = sessionSource(settings, { ...OPTIONS, stsUrl: aws.url });
  await assert.rejects(fetched(source), { message: "STS refuses (status 403, AccessDenied)" });
  await rm(tokenFile);
  await assert.rejects(fetched(source), { message: `${tokenFile} cannot be read (ENOENT)` });
  await writeFile(tokenFile, "two words CANARY");
  await assert.rejects(fetched(source), { message: `${tokenFile} holds no token` });
});

test("container: the token file is read for each session, a variable is sent as it is", async (t) => {
  const shown: (string | undefined)[] = [];
  const url = await serve(t, (request, response) => {
    shown.push(request.headers.authorization);
    response.end(JSON.stringify({ ...GOOD, AccountId: "111122223333", More: [1] }));
  });
  const tokenFile = await file(t, "first.a.b");
  const agent = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/v1/credentials` };
  const source = sessionSource(
    { ...agent, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile },
    OPTIONS,
  );
  const { session } = await fetched(source);
  assert.equal(session.sessionToken, GOOD.Token);
  assert.equal(session.expiresAtMs, Date.UTC(2099, 0));
  await writeFile(tokenFile, "second.a.b");
  await fetched(source);
  const ofVariable = { ...agent, AWS_CONTAINER_AUTHORIZATION_TOKEN: "Basic dXNlcg==" };
  await fetched(sessionSource(ofVariable, OPTIONS));
  await fetched(sessionSource(agent, OPTIONS));
  assert.deepEqual(shown, ["first.a.b", "second.a.b", "Basic dXNlcg==", undefined]);
});

/** What an agent can do wrong, and what the log says; no word of the answer is repeated. */
const BAD_ANSWERS: Record<string, [RequestListener, RegExp]> = {
  "an error": [(_, r) => void r.writeHead(403).end("CANARY"), /^the agent refuses \(status 403\)$/],
  "no JSON": [(_, r) => void r.end("<CANARY>"), /^the agent's answer is no JSON with credentials$/],
  "JSON that is no object": [(_, r) => void r.end("null"), /no JSON with credentials$/],
  nothing: [(_, r) => void r.end(), /no JSON with credentials$/],
  "an empty object": [(_, r) => void r.end("{}"), /no JSON with credentials$/],
  "64 KiB and more": [
    (_, r) => void r.end(JSON.stringify({ ...GOOD, Token: "CANARY".repeat(20_000) })),
    /^too large an answer$/,
  ],
  "no end": [
    (_, r) => {
      const more = setInterval(() => r.write("CANARY".repeat(5000)), 1);
      r.once("close", () => clearInterval(more));
    },
    /^too large an answer$/,
  ],
  "a connection that ends": [(_, r) => void r.socket?.destroy(), /^no answer \(UND_ERR_SOCKET\)$/],
  "a token with a line break": [
    (_, r) => void r.end(JSON.stringify({ ...GOOD, Token: "CANARY\r\nx-airlock-caller: root" })),
    /does not say a session token$/,
  ],
  "a key that is none": [
    (_, r) => void r.end(JSON.stringify({ ...GOOD, AccessKeyId: "CANARY, SignedHeaders=" })),
    /does not say a key id$/,
  ],
  "a secret that is a number": [
    (_, r) => void r.end(JSON.stringify({ ...GOOD, SecretAccessKey: 7 })),
    /does not say a secret key$/,
  ],
  "an end that is no date": [
    (_, r) => void r.end(JSON.stringify({ ...GOOD, Expiration: "CANARY" })),
    /does not say when it expires$/,
  ],
};

for (const [name, [listener, message]] of Object.entries(BAD_ANSWERS)) {
  test(`container: ${name} is told in a sentence of ours`, async (t) => {
    const url = await serve(t, listener);
    const source = sessionSource({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url }, OPTIONS);
    await assert.rejects(fetched(source), (error: Error) => {
      assert.ok(error instanceof NoSessionError);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /CANARY/);
      return true;
    });
  });
}

test("a source that is slow is given up, whether it does not answer or does not end", async (t) => {
  for (const listener of [() => {}, (_: unknown, r: ServerResponse) => void r.write("{")]) {
    const url = await serve(t, listener as RequestListener);
    const source = sessionSource({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url }, OPTIONS);
    await assert.rejects(source.fetch(AbortSignal.timeout(50)), {
      name: "NoSessionError",
      message: /^no answer \(\w+\)$/,
    });
  }
});

test("no redirect is followed, with either source: what is shown is for one place", async (t) => {
  let stolen = 0;
  const thief = await serve(t, (_request, response) => {
    stolen++;
    response.end(JSON.stringify(GOOD));
  });
  for (const status of [301, 302, 303, 307, 308]) {
    const url = await serve(
      t,
      (_, response) => void response.writeHead(status, { location: thief }).end(),
    );
    const agent = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "Basic x",
    };
    const irsa = {
      AWS_ROLE_ARN: LOCAL_AWS.webIdentityRoleArn,
      AWS_WEB_IDENTITY_TOKEN_FILE: await file(t, JWT),
    };
    const message = `redirected (status ${status})`;
    await assert.rejects(fetched(sessionSource(agent, OPTIONS)), { message });
    await assert.rejects(fetched(sessionSource(irsa, { ...OPTIONS, stsUrl: url })), { message });
  }
  assert.equal(stolen, 0);
});

test("container addresses: https, loopback and AWS's own, by the address itself", () => {
  const isTaken = (full: string) => !("problem" in containerAddress(undefined, full));
  for (const good of [
    "https://agent.example.com/x",
    "http://127.0.0.1:8080/v1/credentials",
    "http://127.8.9.1/",
    "http://[::1]:1338/",
    "http://169.254.170.2/v2/credentials/id",
    "http://169.254.170.23/v1/credentials",
    "http://[fd00:ec2::23]/v1/credentials",
    "http://[fd00:0ec2:0:0:0:0:0:23]/v1/credentials",
    // 127.0.0.1, and parsed to that
    "http://2130706433/",
    "http://[::ffff:127.0.0.1]/",
  ]) {
    assert.ok(isTaken(good), good);
  }
  for (const bad of [
    "http://127.0.0.1.evil.example/",
    "http://169.254.170.23.evil.example/",
    "http://localhost/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.24/",
    "http://10.0.0.1/",
    "http://0.0.0.0/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fd00:ec2::254]/",
    "http://user@169.254.170.23/",
    "http://169.254.170.23@evil.example/",
    "https://user:word@agent.example.com/",
    "http://169.254.170.23/#x",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "169.254.170.23",
    "",
  ]) {
    assert.ok(!isTaken(bad), bad);
  }
  const relative = (path: string) => {
    const at = containerAddress(path, undefined);
    return "problem" in at ? undefined : at.href;
  };
  assert.equal(relative("/v2/credentials/1"), "http://169.254.170.2/v2/credentials/1");
  assert.equal(relative("//evil.example/x"), "http://169.254.170.2//evil.example/x");
  assert.equal(relative(".evil.example/x"), undefined);
  assert.equal(relative("@evil.example/x"), undefined);
  assert.equal(relative(":80@evil.example/x"), undefined);
});

const IRSA = { AWS_ROLE_ARN: "arn", AWS_WEB_IDENTITY_TOKEN_FILE: "/token" };
const AGENT = { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://169.254.170.23/v1/credentials" };
const ECS = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/1" };

test("exactly one source: none, half of one and two are refused in a sentence each", () => {
  const refused = (env: Environment) => refuseSessionSource(env).map((text) => text.split(":")[0]);
  for (const good of [
    IRSA,
    AGENT,
    ECS,
    { ...AGENT, ...IRSA, AWS_ROLE_ARN: " ", AWS_WEB_IDENTITY_TOKEN_FILE: "" },
  ]) {
    assert.deepEqual(refused(good), []);
  }
  assert.deepEqual(refused({}), ["LAYER_AUTH"]);
  assert.deepEqual(refused({ AWS_ROLE_ARN: "arn" }), ["AWS_WEB_IDENTITY_TOKEN_FILE"]);
  assert.deepEqual(refused({ AWS_WEB_IDENTITY_TOKEN_FILE: "/t" }), ["AWS_ROLE_ARN"]);
  assert.deepEqual(refused({ ...IRSA, ...AGENT }), ["AWS_ROLE_ARN"]);
  assert.deepEqual(refused({ AWS_ROLE_ARN: "arn", ...ECS }), ["AWS_ROLE_ARN"]);
  assert.deepEqual(refused({ ...AGENT, ...ECS }), ["AWS_CONTAINER_CREDENTIALS_FULL_URI"]);
  assert.deepEqual(refused({ AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://10.0.0.1/" }), [
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  ]);
  const twoTokens = {
    AWS_CONTAINER_AUTHORIZATION_TOKEN: "a",
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/b",
  };
  assert.deepEqual(refused({ ...AGENT, ...twoTokens }), ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]);
});

/** A source that a test scripts, and a clock that it moves: ten minutes take no time. */
function rig(
  t: TestContext,
  lifeSeconds = 3600,
  wallAheadMs = 0,
  kind: SessionSource["kind"] = "web identity",
) {
  const startedAt = Date.UTC(2026, 10, 27);
  const state = { nowMs: 0, wallAheadMs, isDown: false, calls: 0, at: [] as number[] };
  const wallNow = () => startedAt + state.nowMs + state.wallAheadMs;
  const source: SessionSource = {
    kind,
    async fetch() {
      state.calls++;
      state.at.push(state.nowMs);
      if (state.isDown) throw new NoSessionError("no answer (ECONNREFUSED)");
      const expiresAtMs = startedAt + state.nowMs + lifeSeconds * 1000;
      const number = String(state.calls).padStart(2, "0");
      const keys = { accessKeyId: `ASIA${number}`, secretAccessKey: "s", sessionToken: "t" };
      const atMs = kind === "container" ? Number.NaN : startedAt + state.nowMs;
      return { session: { ...keys, expiresAtMs }, atMs };
    },
  };
  const log = recordLog();
  const clock = new AwsClock({ now: () => state.nowMs, wallNow });
  const keeper = new SessionKeeper(source, log, clock);
  t.after(() => keeper.stop());
  /** Each second is looked at; what is under way ends before the next. @returns takes that failed. */
  const pass = async (seconds: number) => {
    let failed = 0;
    for (let i = 0; i < seconds; i++) {
      state.nowMs += 1000;
      keeper.tick();
      await new Promise(setImmediate);
      try {
        keeper.current();
      } catch {
        failed++;
      }
    }
    return failed;
  };
  return { state, keeper, log, pass };
}

test("a session is fetched ahead, at 60 to 70 % of its life, and never on a request", async (t) => {
  const { state, pass } = rig(t);
  await pass(1);
  assert.equal(await pass(8 * 3600), 0);
  const gaps = state.at.slice(1).map((at, i) => (at - (state.at[i] ?? 0)) / 3_600_000);
  assert.ok(gaps.length >= 11 && gaps.length <= 13, String(gaps));
  for (const gap of gaps) assert.ok(gap >= 0.6 && gap <= 0.71, String(gap));
});

test("its source down for 10 minutes: none fails, with back-off; down for good: none until it truly expires", async (t) => {
  const { state, pass, log, keeper } = rig(t, 1800);
  await pass(1);
  // from before it would be renewed
  assert.equal(await pass(1000), 0);
  state.isDown = true;
  const before = state.calls;
  assert.equal(await pass(600), 0);
  assert.ok(state.calls - before < 40, `${state.calls - before} attempts in 10 minutes`);
  state.isDown = false;
  assert.equal(await pass(40), 0);
  assert.equal(keeper.failures, 0);
  assert.ok(keeper.secondsLeft() > 1700);
  state.isDown = true;
  const left = Math.floor(keeper.secondsLeft());
  assert.equal(await pass(left - 1), 0);
  assert.equal(await pass(10), 10, "from its last second on");
  assert.throws(() => keeper.current(), NoSessionError);
  assert.ok(log.lines.length < 80, `${log.lines.length} lines`);
  assert.match(log.lines.at(-1) ?? "", /nothing can be signed|serves on/);
  // and it comes back by itself
  state.isDown = false;
  await pass(2);
  assert.equal(await pass(60), 0);
});

test("a session that AWS does not take is replaced at once, and not in a storm", async (t) => {
  const { state, keeper, pass } = rig(t);
  await pass(1);
  const first = keeper.current();
  for (let i = 0; i < 1000; i++) keeper.refused();
  await pass(1);
  assert.notEqual(keeper.current(), first);
  assert.equal(state.calls, 2);
  for (let i = 0; i < 60; i++) {
    keeper.refused();
    await pass(1);
  }
  assert.ok(state.calls < 12, `${state.calls} in a minute`);
});

test("a machine whose clock is two hours off: sessions of STS are judged by AWS's clock", async (t) => {
  for (const wallAheadMs of [7_200_000, -7_200_000]) {
    const { state, pass } = rig(t, 3600, wallAheadMs);
    await pass(1);
    assert.equal(await pass(3600), 0);
    assert.ok(state.calls <= 3, String(state.calls));
  }
});

test("a clock that is set, or has stood still, has the session renewed at once and moves no signature of STS's", async (t) => {
  for (const [kind, expectedMs] of [
    ["web identity", 0],
    ["container", 600_000],
  ] as const) {
    const { state, keeper, pass } = rig(t, 3600, 0, kind);
    await pass(10);
    const right = keeper.clock.awsNow;
    state.wallAheadMs = 600_000;
    assert.equal(await pass(10), 0);
    assert.equal(state.calls, 2);
    const movedMs = keeper.clock.awsNow - right - 10_000;
    assert.ok(Math.abs(movedMs - expectedMs) <= 1000, `${kind}: ${movedMs} ms`);
    assert.equal(await pass(60), 0);
    assert.equal(state.calls, 2);
  }
});

test("signed by AWS's clock once a refusal has told it", async (t) => {
  const { state } = rig(t);
  const clock = new AwsClock({ now: () => state.nowMs, wallNow: () => 1_000_000_000_000 });
  const session = { accessKeyId: "A", secretAccessKey: "s", sessionToken: "t", expiresAtMs: 4e12 };
  const presenter = createExecutionPresenter({
    host: "a.example.com",
    region: "eu-west-1",
    source: { kind: "container", fetch: async () => ({ session, atMs: Number.NaN }) },
    log: recordLog(),
    clock,
  });
  t.after(() => presenter.close());
  await new Promise(setImmediate);
  const dateOf = () => {
    const { headers } = presenter.signing.sign({ method: "GET", path: "/", headers: [] });
    return headers[headers.indexOf("x-amz-date") + 1];
  };
  assert.equal(dateOf(), "20010909T014640Z");
  presenter.signing.refused("AccessDeniedException", Date.UTC(2026, 10, 27));
  presenter.signing.refused("InvalidSignatureException", Number.NaN);
  assert.equal(dateOf(), "20010909T014640Z");
  presenter.signing.refused("InvalidSignatureException", Date.UTC(2026, 10, 27));
  assert.equal(dateOf(), "20261127T000001Z");
});

test("without a session nothing is signed, and the presenter is not ready", async (t) => {
  const log = recordLog();
  const presenter = createExecutionPresenter({
    host: "a.example.com",
    region: "eu-west-1",
    source: { kind: "container", fetch: () => Promise.reject(new NoSessionError("no answer (X)")) },
    log,
  });
  t.after(() => presenter.close());
  await new Promise(setImmediate);
  assert.equal(presenter.isReady(), false);
  assert.throws(
    () => presenter.signing.sign({ method: "GET", path: "/", headers: [] }),
    NoSessionError,
  );
  assert.equal(presenter.secondsLeft(), 0);
  assert.equal(presenter.failures(), 1);
  assert.equal(log.lines.length, 1);
  assert.deepEqual(presenter.headers("alice", ["a"], "192.0.2.1"), {
    "x-airlock-caller": "alice",
    "x-airlock-client": "192.0.2.1",
    "x-airlock-groups": "a",
  });
});
