/** What the gateway lets in by size, the service behind takes: with the proof and names that are added. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLocalIssuer } from "@airlock/local-issuer";
import { startAux } from "../../aux/test/harness.ts";
import { get, startGateway, until } from "./harness.ts";

const SUBJECT = "system:serviceaccount:gateway:gateway";
/** What a client may send of each, and what a token file may hold. */
const CLIENT_BYTES = 8192;
const CLIENT_HEADER_BYTES = 12_288;
const CLIENT_BODY_BYTES = 65_536;
const PROOF_BYTES = 16_384;

async function startPair(t: TestContext) {
  const issuer = await createLocalIssuer();
  const folder = await mkdtemp(join(tmpdir(), "airlock-sizes-"));
  const file = join(folder, "token");
  // a proof as large as one may be
  const sizeOf = async (length: number) =>
    (await issuer.mint({ sub: SUBJECT, aud: ["aux"], padding: "x".repeat(length) })).length;
  const padding = "x".repeat(Math.floor((PROOF_BYTES - (await sizeOf(0))) * 0.75) - 4);
  const claims = { sub: SUBJECT, aud: ["aux"], padding };
  const token = await issuer.keepTokenFile(file, claims, { ttlSeconds: 3600 });
  t.after(async () => {
    token.close();
    await issuer.close();
    await rm(folder, { recursive: true });
  });
  const keys = {
    LAYER_AUTH_ISSUER: issuer.issuer,
    LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
  };
  const aux = await startAux(t, {
    ...keys,
    SSM_CALLS_PER_SECOND: "1000",
    LAYER_AUTH_MODE: "enforce",
    LAYER_AUTH_AUDIENCE: "aux",
    LAYER_AUTH_SUBJECTS: SUBJECT,
  });
  const gateway = await startGateway(t, aux.url, {
    GATEWAY_AUTH: "jwt",
    GATEWAY_JWT_ISSUER: issuer.issuer,
    GATEWAY_JWT_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    GATEWAY_JWT_AUDIENCE: "airlock",
    LAYER_AUTH: "service-account",
    LAYER_TOKEN_FILE: file,
  });
  await until(async () => (await get(gateway.url, "/readyz")).status === 200);
  return { issuer, aux, gateway };
}

/** Names that grow the most on their way through a header: each letter is nine characters there. */
const caller = "界".repeat(455);
const groups = Array.from({ length: 9 }, (_, n) => `${"界".repeat(100)}${n}`);

test("the largest proof, caller, groups, headers, names and queries together", async (t) => {
  const { issuer, aux, gateway } = await startPair(t);
  const authorization = `Bearer ${await issuer.mint({ sub: caller, aud: ["airlock"], groups })}`;
  const left = CLIENT_HEADER_BYTES - authorization.length - 200;
  assert.ok(left > 500, `${authorization.length}`);
  const headers = {
    authorization,
    tracestate: `a=${"x".repeat(200)}`,
    "if-none-match": `"${"x".repeat(left - 300)}"`,
  };
  const arns = (prefix: string) => {
    let query = prefix;
    for (let n = 0; n < 100; n++) {
      const next = `${query}&name=arn:aws:ssm:eu-west-1:444455556666:parameter/p-${String(n).padStart(20, "0")}`;
      if (next.length > CLIENT_BYTES - 10) return query;
      query = next;
    }
    return query;
  };
  for (const [path, statuses] of [
    [`/config/${"a/".repeat(14)}${"n".repeat(1011 - 29)}`, [404]],
    [`/storage/my-bucket/${"%E7%95%8C".repeat(341)}`, [404]],
    [arns("/config?decrypt=false"), [200, 403, 404]],
    [`/config?prefix=/${"p".repeat(1000)}`, [200]],
  ] as const) {
    const reply = await get(gateway.url, path, headers);
    assert.ok(
      (statuses as readonly number[]).includes(reply.status),
      `${reply.status} ${path.slice(0, 30)} ${reply.body.slice(0, 400)}`,
    );
    const line = aux.lines.findLast(({ msg }) => msg === "request");
    assert.equal(line?.status, reply.status, "it was aux that answered");
    assert.equal(line?.caller, caller);
  }
});

test("a body of 64 KiB", async (t) => {
  const { issuer, gateway } = await startPair(t);
  const names = Array.from({ length: 64 }, (_, n) => String(n).padStart(1011, "n"));
  const left = CLIENT_BODY_BYTES - JSON.stringify({ names }).length - ',""'.length;
  const body = JSON.stringify({ names: [...names, "n".repeat(left)] });
  assert.equal(body.length, CLIENT_BODY_BYTES);
  const response = await fetch(`${gateway.url}/config/batch`, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${await issuer.mint({ sub: "alice", aud: ["airlock"] })}`,
    },
  });
  const text = await response.text();
  assert.ok([200, 404].includes(response.status), `${response.status} ${text.slice(0, 300)}`);
});
