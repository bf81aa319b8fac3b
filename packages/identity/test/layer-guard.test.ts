/** The inner door: which requests it lets in, for whom, and what it says of the others. */
import assert from "node:assert/strict";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createLayerGuard, type Reason } from "@airlock/identity";
import { assertNoToken, recordLog, rig, until } from "./harness.ts";

const layer = (...headers: string[]) => ["Host", "aux", ...headers];

test("off lets everybody in and believes neither header", async () => {
  const guard = createLayerGuard({ mode: "off", verifier: undefined, log: recordLog() });
  const decision = await guard.check(layer("x-airlock-layer", "x", "x-airlock-caller", "mallory"));
  assert.deepEqual(decision, { allow: true });
  assert.equal(guard.isReady(), true);
});

for (const mode of ["enforce", "observe"] as const) {
  test(`${mode}: where anybody is answered, nobody is refused, and nothing is counted that was not shown`, async (t) => {
    const { issuer, verifier, log, clock } = await rig(t);
    const counted: string[] = [];
    const observe = (outcome: string) => void counted.push(outcome);
    const guard = createLayerGuard({ mode, verifier: verifier(), log, now: clock.now, observe });
    assert.equal(await guard.knows(layer()), false);
    assert.deepEqual(counted, []);
    assert.equal(await guard.knows(layer("x-airlock-layer", "x")), false);
    assert.equal(await guard.knows(layer("x-airlock-layer", await issuer.mint())), true);
    assert.deepEqual(counted, ["malformed", "verified"]);
  });
}

test("off knows nobody", async () => {
  const guard = createLayerGuard({ mode: "off", verifier: undefined, log: recordLog() });
  assert.equal(await guard.knows(layer("x-airlock-layer", "x")), false);
});

test("observe and enforce need a verifier", () => {
  const log = recordLog();
  assert.throws(() => createLayerGuard({ mode: "enforce", verifier: undefined, log }), TypeError);
});

test("enforce: the proof's table", async (t) => {
  const { issuer, verifier, log, clock } = await rig(t);
  const counted: (Reason | "verified")[] = [];
  const guard = createLayerGuard({
    mode: "enforce",
    verifier: verifier(),
    log,
    now: clock.now,
    observe: (outcome) => counted.push(outcome),
  });
  const good = await issuer.mint();
  const foreign = await issuer.mint({ sub: "system:serviceaccount:team-a:default" });
  const refused = async (...headers: string[]) => {
    const decision = await guard.check(layer(...headers));
    return decision.allow ? "allowed" : `${decision.status} ${decision.code} ${decision.reason}`;
  };
  assert.equal(await refused(), "401 unauthenticated missing");
  assert.equal(await refused("x-airlock-layer", "x"), "401 unauthenticated malformed");
  assert.equal(await refused("X-Airlock-Layer", foreign), "403 wrong_principal subject");
  assert.equal(
    await refused("x-airlock-layer", good, "X-AIRLOCK-LAYER", good),
    "401 unauthenticated duplicated",
  );
  assert.equal(
    await refused("x-airlock-layer", good, "x-airlock-caller", "a", "x-airlock-caller", "b"),
    "401 unauthenticated caller_header",
  );
  assert.equal(
    await refused("x-airlock-layer", good, "x-airlock-caller", "%ff"),
    "401 unauthenticated caller_header",
  );
  const allowed = await guard.check(
    layer("x-airlock-layer", good, "X-Airlock-Caller", "J%C3%BCrgen"),
  );
  assert.ok(allowed.allow);
  assert.equal(allowed.caller, "Jürgen");
  assert.equal(allowed.principal?.subject, "system:serviceaccount:gateway:gateway");
  assert.deepEqual(counted, [
    "missing",
    "malformed",
    "subject",
    "duplicated",
    "caller_header",
    "caller_header",
    "verified",
  ]);
  assert.ok(log.lines.some((line) => line.includes("system:serviceaccount:team-a:default")));
  assertNoToken(log.lines, [good, foreign]);
});

test("observe lets everybody in, counts what enforce would refuse, and believes no unproven name", async (t) => {
  const { issuer, verifier, log, clock } = await rig(t);
  const counted: (Reason | "verified")[] = [];
  const guard = createLayerGuard({
    mode: "observe",
    verifier: verifier(),
    log,
    now: clock.now,
    observe: (outcome) => counted.push(outcome),
  });
  assert.deepEqual(await guard.check(layer("x-airlock-caller", "mallory")), {
    allow: true,
    wouldRefuse: "missing",
  });
  const good = await issuer.mint();
  const proven = await guard.check(layer("x-airlock-layer", good, "x-airlock-caller", "alice"));
  assert.ok(proven.allow);
  assert.equal(proven.caller, "alice");
  assert.deepEqual(counted, ["missing", "verified"]);
});

test("a thousand refusals are one line in ten seconds, with their number in the next", async (t) => {
  const { verifier, log, clock } = await rig(t);
  const guard = createLayerGuard({ mode: "observe", verifier: verifier(), log, now: clock.now });
  const lines = () => log.lines.filter((line) => line.includes("layer proof would be refused"));
  for (let i = 0; i < 1000; i++) await guard.check(layer());
  assert.equal(lines().length, 1);
  clock.passSeconds(10);
  await guard.check(layer());
  assert.match(lines()[1] ?? "", /"reason":"missing","count":1000/);
});

test("without keys enforce answers 503 and is not ready; observe lets in and is", async (t) => {
  const { issuer, verifier, log } = await rig(t);
  const token = await issuer.mint();
  await issuer.pause();
  const one = verifier();
  await until("a failed reading", 5000, () => log.lines.length > 0);
  const enforce = createLayerGuard({ mode: "enforce", verifier: one, log });
  const observe = createLayerGuard({ mode: "observe", verifier: one, log });
  assert.deepEqual(await enforce.check(layer("x-airlock-layer", token)), {
    allow: false,
    status: 503,
    code: "identity_unavailable",
    reason: "unavailable",
    headers: { "retry-after": "1" },
  });
  assert.deepEqual(await observe.check(layer("x-airlock-layer", token)), {
    allow: true,
    wouldRefuse: "unavailable",
  });
  assert.deepEqual([enforce.isReady(), observe.isReady()], [false, true]);
});

test("a header that is sent twice over a socket is seen as two", async (t) => {
  const { issuer, verifier, log } = await rig(t);
  const guard = createLayerGuard({ mode: "enforce", verifier: verifier(), log });
  const server = createServer((request, response) => {
    void guard
      .check(request.rawHeaders)
      .then((decision) => response.end(decision.allow ? "allowed" : decision.reason));
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const token = await issuer.mint();
  const send = (headers: readonly string[]) =>
    new Promise<string>((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const sent = httpRequest({ port, host: "127.0.0.1", agent: false }, (response) => {
        response.setEncoding("utf8").once("data", resolve);
      });
      sent.once("error", reject);
      sent.setHeader("x-airlock-layer", headers);
      sent.end();
    });
  assert.equal(await send([token]), "allowed");
  assert.equal(await send([token, token]), "duplicated");
});

test("through the execution API: the table of roles", async () => {
  const roles = [
    "arn:aws:iam::111122223333:role/gateway",
    "arn:aws:iam::111122223333:role/team/a/pathed",
    "arn:aws-cn:iam::111122223333:role/china",
  ];
  const counted: string[] = [];
  const observe = (outcome: string) => void counted.push(outcome);
  const guard = createLayerGuard({ mode: "enforce", roles, log: recordLog(), observe });
  const check = async (userArn: string | undefined, names: string[] = [], ...headers: string[]) => {
    const via = { userArn, signedHeaders: new Set(names) };
    const decision = await guard.check(layer(...headers), via);
    return decision.allow ? `${decision.session} ${decision.caller}` : decision.reason;
  };
  const session = (who: string, partition = "aws") => `arn:${partition}:sts::${who}`;
  const good = session("111122223333:assumed-role/gateway/pod-1");
  assert.equal(await check(good), "pod-1 undefined");
  assert.equal(await check(session("111122223333:assumed-role/pathed/x")), "x undefined");
  assert.equal(await check(session("111122223333:assumed-role/china/x", "aws-cn")), "x undefined");
  for (const who of [
    session("444455556666:assumed-role/gateway/pod-1"),
    session("111122223333:assumed-role/gateway2/pod-1"),
    session("111122223333:assumed-role/Gateway/pod-1"),
    session("111122223333:assumed-role/team/a/pathed/x"),
    session("111122223333:assumed-role/china/x"),
    session("111122223333:federated-user/gateway"),
    "arn:aws:iam::111122223333:user/gateway",
    "arn:aws:iam::111122223333:role/gateway",
    "arn:aws:iam::111122223333:root",
    `${good}\n`,
    "",
  ]) {
    assert.equal(await check(who), "subject", who);
  }
  assert.equal(await check(undefined), "missing");
  const caller = ["x-airlock-caller", "alice"];
  assert.equal(await check(good, ["x-airlock-caller"], ...caller), "pod-1 alice");
  assert.equal(await check(good, [], ...caller), "unsigned_header");
  assert.equal(await check(good, ["x-airlock-client"], ...caller), "unsigned_header");
  assert.equal(
    await check(good, ["x-airlock-caller"], "X-Airlock-Groups", "a", ...caller),
    "unsigned_header",
  );
  assert.equal(await check(good, ["x-airlock-caller"], ...caller, ...caller), "caller_header");
  assert.ok(guard.isReady() && counted.includes("verified") && counted.includes("unsigned_header"));
});

test("with both kinds accepted a role is judged where there is one, and a token where not", async (t) => {
  const { issuer, verifier, log, clock } = await rig(t);
  const roles = ["arn:aws:iam::111122223333:role/gateway"];
  const one = verifier();
  const guard = createLayerGuard({ mode: "enforce", verifier: one, roles, log, now: clock.now });
  const token = ["x-airlock-layer", await issuer.mint()];
  const other = {
    userArn: "arn:aws:sts::111122223333:assumed-role/other/x",
    signedHeaders: new Set(["x-airlock-layer"]),
  };
  assert.equal((await guard.check(layer(...token))).allow, true);
  assert.equal((await guard.check(layer(...token), other)).allow, false);
  assert.equal((await guard.check(layer(...token), { ...other, userArn: undefined })).allow, true);
  assert.equal(await guard.knows(layer(), other), false);
});
