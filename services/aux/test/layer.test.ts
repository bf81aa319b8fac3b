/** Who gets an answer from aux: the gateway's own identity, and nobody else. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Problem } from "@airlock/contract";
import { createLayerGuard, createLayerVerifier } from "@airlock/identity";
import { createLocalIssuer, type LocalIssuer } from "@airlock/local-issuer";
import { type AuxRig, startAux } from "./harness.ts";

const GATEWAY = { sub: "system:serviceaccount:gateway:gateway", aud: ["aux"] };

async function startEnforced(
  t: TestContext,
  mode: "observe" | "enforce" = "enforce",
  env: Record<string, string> = {},
): Promise<AuxRig & { issuer: LocalIssuer; ask: (headers?: Record<string, string>) => Ask }> {
  const issuer = await createLocalIssuer();
  t.after(() => issuer.close());
  const rig = await startAux(t, {
    LAYER_AUTH_MODE: mode,
    LAYER_AUTH_ISSUER: issuer.issuer,
    LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    LAYER_AUTH_AUDIENCE: "aux",
    LAYER_AUTH_SUBJECTS: GATEWAY.sub,
    ...env,
  });
  const ask = (headers: Record<string, string> = {}) =>
    fetch(`${rig.url}/parameters/my-parameter`, { headers });
  return { ...rig, issuer, ask };
}
type Ask = Promise<Response>;

test("enforce: without proof 401, of another account 403, with the gateway's 200", async (t) => {
  const { issuer, ask, local } = await startEnforced(t);
  const before = local.calls.counts().total;
  const missing = await ask();
  assert.equal(missing.status, 401);
  assert.equal(missing.headers.get("www-authenticate"), "Airlock-Layer");
  assert.equal(Problem.parse(await missing.json()).code, "unauthenticated");
  const other = await issuer.mint({ ...GATEWAY, sub: "system:serviceaccount:default:default" });
  const wrong = await ask({ "x-airlock-layer": other });
  assert.equal(wrong.status, 403);
  assert.equal(Problem.parse(await wrong.json()).code, "wrong_principal");
  assert.equal(local.calls.counts().total, before, "AWS was not asked");
  const good = await ask({ "x-airlock-layer": await issuer.mint(GATEWAY) });
  assert.equal(good.status, 200, await good.text());
});

test("enforce: every path but probes and health asks for proof, unknown ones too", async (t) => {
  const { url } = await startEnforced(t);
  for (const path of ["/", "/version", "/s3/buckets", "/parameters", "/nothing"]) {
    assert.equal((await fetch(url + path)).status, 401, path);
  }
  assert.equal((await fetch(`${url}/parameters`, { method: "POST" })).status, 401);
  for (const path of ["/livez", "/readyz"]) assert.equal((await fetch(url + path)).status, 200);
});

for (const mode of ["enforce", "observe"] as const) {
  test(`${mode}: /health answers anybody, and tells of the session to the gateway alone`, async (t) => {
    const { url, issuer } = await startEnforced(t, mode, {
      ENVIRONMENT: "qa",
      ACCESS_POLICY_FILE: "/unread",
    });
    const health = async (headers: Record<string, string> = {}) => {
      const answer = await fetch(`${url}/health`, { headers });
      assert.equal(answer.status, 200);
      return (await answer.json()) as Record<string, unknown>;
    };
    const stranger = await issuer.mint({ ...GATEWAY, sub: "system:serviceaccount:a:b" });
    for (const proof of [undefined, "x", stranger]) {
      const { timestamp, ...rest } = await health(proof ? { "x-airlock-layer": proof } : {});
      assert.ok(Date.parse(String(timestamp)) > 0);
      const expected = { status: "healthy", service: "aux", environment: "qa" };
      assert.deepEqual(rest, { ...expected, region: "eu-west-1" });
    }
    const { aws_session } = await health({ "x-airlock-layer": await issuer.mint(GATEWAY) });
    assert.partialDeepStrictEqual(aws_session, { state: "valid", source: "assumed_role" });
  });
}

test("the end caller's name is believed beside a good proof only, and logged", async (t) => {
  const { issuer, ask, lines } = await startEnforced(t, "observe");
  const good = await issuer.mint(GATEWAY);
  await ask({ "x-request-id": "good", "x-airlock-layer": good, "x-airlock-caller": "alice" });
  await ask({ "x-request-id": "forged", "x-airlock-caller": "alice" });
  const lineOf = (id: string) => lines.find((l) => l.request_id === id && l.msg === "request");
  while (!lineOf("forged")) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(lineOf("good")?.caller, "alice");
  assert.equal(lineOf("forged")?.caller, undefined);
  assert.equal(lineOf("forged")?.layer_would_refuse, "missing");
  assert.equal(lineOf("forged")?.status, 200);
});

test("the client's address is believed beside a good proof only: in the log, audit and shares", async (t) => {
  const { issuer, url, lines } = await startEnforced(t, "observe", { WAITS_PER_CLIENT: "2" });
  const good = { "x-airlock-layer": await issuer.mint(GATEWAY) };
  const get = (headers: Record<string, string>, query = "") =>
    fetch(`${url}/parameters/my-parameter${query}`, { headers });
  const etag = (await get(good)).headers.get("etag") ?? "";
  for (const [id, headers, peer] of [
    ["good", { ...good, "x-airlock-client": "192.0.2.1" }, "192.0.2.1"],
    ["forged", { "x-airlock-client": "192.0.2.1" }, "127.0.0.1"],
    ["older", good, "127.0.0.1"],
    ["nonsense", { ...good, "x-airlock-client": "a b" }, "127.0.0.1"],
  ] as const) {
    assert.equal((await get({ ...headers, "x-request-id": id })).status, 200);
    const mine = () => lines.filter((line) => line.request_id === id);
    while (mine().length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(new Set(mine().map((line) => line.peer)), new Set([peer]), id);
  }

  const wait = async (headers: Record<string, string>) =>
    (await get({ ...good, ...headers, "if-none-match": etag }, "?wait=1s")).status;
  const many = (headers: Record<string, string>) =>
    Promise.all(Array.from({ length: 4 }, () => wait(headers)));
  const [one, other, named, nobody] = await Promise.all([
    many({ "x-airlock-client": "192.0.2.1" }),
    many({ "x-airlock-client": "192.0.2.2" }),
    many({ "x-airlock-client": "192.0.2.1", "x-airlock-caller": "alice" }),
    many({}),
  ]);
  for (const each of [one, other, named]) assert.deepEqual(each.sort(), [304, 304, 429, 429]);
  assert.deepEqual(nobody, [304, 304, 304, 304], "whom an older gateway asks for is not known");
});

test("a token never reaches the log", async (t) => {
  const { issuer, ask, lines } = await startEnforced(t);
  const expired = await issuer.mint({ ...GATEWAY, exp: 1, iat: 0, nbf: 0 });
  await ask({ "x-airlock-layer": expired });
  await ask({ "x-airlock-layer": await issuer.mint(GATEWAY) });
  assert.ok(!JSON.stringify(lines).includes(expired.split(".")[1] ?? "none"));
});

test("without the issuer's keys nobody can be let in: not ready, and 503", async (t) => {
  const issuer = await createLocalIssuer();
  const address = issuer.issuer;
  await issuer.close();
  const settings = {
    LAYER_AUTH_MODE: "enforce" as const,
    LAYER_AUTH_ISSUER: address,
    LAYER_AUTH_AUDIENCE: "aux",
    LAYER_AUTH_SUBJECTS: [GATEWAY.sub],
  };
  const log = { info() {}, warn() {}, error() {} };
  const verifier = createLayerVerifier(settings as never, { log });
  t.after(() => verifier?.close());
  const guard = createLayerGuard({ mode: "enforce", verifier, log });
  assert.equal(guard.isReady(), false);
  const decision = await guard.check(["x-airlock-layer", await issuer.mint(GATEWAY)]);
  assert.equal(decision.allow, false);
  assert.equal(decision.allow ? 0 : decision.status, 503);
});
