/** What a cache between aux and whoever asks may keep: nothing that depends on the caller. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createLocalIssuer } from "@airlock/local-issuer";
import { type AuxRig, startAux } from "./harness.ts";

const BUCKET = "airlock-data-dev";
const STORED = ["public, max-age=60", "private, max-age=60", "no-cache", "s-maxage=60"];
const KEPT = ["no-store", "private, max-age=60", "no-cache", "no-store"];

function store({ local }: AuxRig) {
  for (const [index, cacheControl] of STORED.entries()) {
    const headers = { "cache-control": cacheControl };
    local.objects.put({ bucket: BUCKET, key: `stored-${index}`, body: "x", headers });
  }
}

/** The Cache-Control of each object, whole, unchanged and by HEAD. */
async function keptBy({ url }: AuxRig, headers: Record<string, string> = {}): Promise<string[][]> {
  const ask = async (index: number, init: RequestInit) => {
    const target = `${url}/s3/objects?bucket=${BUCKET}&key=stored-${index}`;
    const answer = await fetch(target, { ...init, headers: { ...headers, ...init.headers } });
    assert.ok(answer.status < 400, await answer.text());
    return [String(answer.headers.get("cache-control")), String(answer.headers.get("etag"))];
  };
  return Promise.all(
    STORED.map(async (_, index) => {
      const [whole = "", etag = ""] = await ask(index, {});
      const [known = ""] = await ask(index, { headers: { "if-none-match": etag } });
      const [head = ""] = await ask(index, { method: "HEAD" });
      return [whole, head, known];
    }),
  );
}

/** One for each way of asking: a 304 that says less would spoil what is kept (RFC 9111 §3.2). */
const whole = (all: readonly string[]) => all.map((one) => [one, one, one]);

const rule = (callers: string) => `version: 1
rules:
  - { id: all, callers: ["*"], verbs: [read], objects: ["*/**"] }
  - { id: more, effect: deny, ${callers}, verbs: [read], objects: ["*/secret/**"] }
`;

test("a policy that tells callers apart keeps objects out of shared caches, whoever asks", async (t) => {
  const rig = await startAux(t, {}, undefined, { policy: rule("callers: [mallory]") });
  store(rig);
  assert.deepEqual(await keptBy(rig), whole(KEPT));
});

test("under a policy for everybody, and without one, they are as they say", async (t) => {
  for (const policy of [rule('callers: ["*"]'), undefined]) {
    const rig = await startAux(t, {}, undefined, { ...(policy && { policy }) });
    store(rig);
    assert.deepEqual(await keptBy(rig), whole(STORED));
  }
});

test("for a caller whom the gateway has verified they are for that one", async (t: TestContext) => {
  const issuer = await createLocalIssuer();
  t.after(() => issuer.close());
  const rig = await startAux(t, {
    LAYER_AUTH_MODE: "enforce",
    LAYER_AUTH_ISSUER: issuer.issuer,
    LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    LAYER_AUTH_AUDIENCE: "aux",
    LAYER_AUTH_SUBJECTS: "system:serviceaccount:gateway:gateway",
  });
  store(rig);
  const claims = { sub: "system:serviceaccount:gateway:gateway", aud: ["aux"] };
  const proof = { "x-airlock-layer": await issuer.mint(claims) };
  assert.deepEqual(await keptBy(rig, { ...proof, "x-airlock-caller": "alice" }), whole(KEPT));
  assert.deepEqual(await keptBy(rig, proof), whole(STORED), "nobody was asked at the gateway");
});
