/** Names and groups of tokens on their way to aux's policy: to the letter, whatever they are made of. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLocalIssuer } from "@airlock/local-issuer";
import { startAux } from "../../aux/test/harness.ts";
import { get, startGateway, until } from "./harness.ts";

const SUBJECT = "system:serviceaccount:gateway:gateway";
const PATH = "/config/airlock/dev/database/host";

/** Gateway and aux, both real; a policy that lets some callers and groups read. */
async function startPair(t: TestContext, callers: readonly string[], groups: readonly string[]) {
  const issuer = await createLocalIssuer();
  const folder = await mkdtemp(join(tmpdir(), "airlock-layer-"));
  const file = join(folder, "token");
  const claims = { sub: SUBJECT, aud: ["aux"] };
  const token = await issuer.keepTokenFile(file, claims, { ttlSeconds: 3600 });
  t.after(async () => {
    token.close();
    await issuer.close();
    await rm(folder, { recursive: true });
  });
  const policy = JSON.stringify({
    version: 1,
    groups: Object.fromEntries(groups.map((name) => [name, []])),
    rules: [
      {
        id: "named",
        callers: [...callers],
        ...(groups.length > 0 && { groups }),
        verbs: ["read"],
        parameters: ["**"],
      },
    ],
  });
  const enforced = {
    LAYER_AUTH_MODE: "enforce",
    LAYER_AUTH_ISSUER: issuer.issuer,
    LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    LAYER_AUTH_AUDIENCE: "aux",
    LAYER_AUTH_SUBJECTS: SUBJECT,
  };
  const aux = await startAux(t, enforced, undefined, { policy });
  const gateway = await startGateway(t, aux.url, {
    GATEWAY_AUTH: "jwt",
    GATEWAY_JWT_ISSUER: issuer.issuer,
    GATEWAY_JWT_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    GATEWAY_JWT_AUDIENCE: "airlock",
    LAYER_AUTH: "service-account",
    LAYER_TOKEN_FILE: file,
  });
  await until(async () => (await get(gateway.url, "/readyz")).status === 200);
  const read = async (claims: object, more: Record<string, string> = {}) => {
    const bearer = await issuer.mint({ aud: ["airlock"], ...claims });
    const headers = { authorization: `Bearer ${bearer}`, ...more };
    return { sent: headers, answer: await get(gateway.url, PATH, headers) };
  };
  return { aux, read };
}

const LONG = `cn=${"Имя ".repeat(80)}`;

test("a name is compared to the letter: spaces, percent signs, any script, any length", async (t) => {
  const names = [
    "müller 100%",
    "a,b",
    " alice",
    "%41lice",
    "日本",
    "a\r\nx-airlock-caller: b",
    LONG,
  ];
  const { aux, read } = await startPair(t, names, []);
  for (const sub of names) assert.equal((await read({ sub })).answer.status, 200, sub);
  const others = ["mu\u0308ller 100%", "müller 100%25", "alice", "Alice", "b", `${LONG}x`];
  for (const sub of [...others, LONG.slice(0, -1)]) {
    assert.equal((await read({ sub })).answer.status, 404, sub);
  }
  const audited = aux.lines.filter(({ decision }) => decision === "allow");
  assert.deepEqual(
    audited.map(({ caller }) => caller),
    names,
  );
});

test("a group is compared to the letter too, also one with a comma or in another script", async (t) => {
  const { read } = await startPair(t, ["nobody"], ["a,b", "ключ", "100%"]);
  for (const group of ["a,b", "ключ", "100%"]) {
    const groups = ["x", group];
    assert.equal((await read({ sub: "alice", groups })).answer.status, 200, group);
  }
  for (const groups of [["a", "b"], ["ключ,"], ["100%25"], [""], []]) {
    assert.equal((await read({ sub: "alice", groups })).answer.status, 404, groups.join());
  }
});

test("what the gateway lets in by size, aux takes: the longest name, the most groups, 8 KiB of headers", async (t) => {
  const sub = "日".repeat(455);
  const groups = Array.from({ length: 185 }, (_, n) => `ключ-${String(n).padStart(3, "0")}`);
  const { read } = await startPair(t, [sub], ["ключ-184"]);
  const { sent } = await read({ sub, groups });
  const size = Object.entries(sent).reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    0,
  );
  const filled = { "if-none-match": `"${"e".repeat(8192 - size - 200)}"` };
  const { answer } = await read({ sub, groups }, filled);
  assert.equal(answer.status, 200, answer.body);
  assert.equal((await read({ sub: "somebody", groups }, filled)).answer.status, 200);
  assert.equal((await read({ sub: `${sub}日`, groups })).answer.status, 401);
});
