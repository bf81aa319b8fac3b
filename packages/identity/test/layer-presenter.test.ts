/** The caller's side: which headers go out, and where the token in them comes from. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readlink, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLayerPresenter, refuseMissingLayerToken, TokenFileError } from "@airlock/identity";
import { createLocalIssuer } from "@airlock/local-issuer";
import { assertNoToken, recordLog } from "./harness.ts";

async function temporary(t: TestContext): Promise<string> {
  const directory = await mkdtemp("/tmp/airlock-identity-");
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

async function tokenFile(t: TestContext) {
  const path = `${await temporary(t)}/layer/token`;
  const issuer = await createLocalIssuer({ algorithm: "ES256" });
  t.after(() => issuer.close());
  const kept = await issuer.keepTokenFile(path);
  const log = recordLog();
  const presenter = createLayerPresenter(
    { LAYER_AUTH: "service-account", LAYER_TOKEN_FILE: path },
    log,
  );
  t.after(() => presenter.close());
  return { path, kept, log, presenter };
}

test("without service-account no header goes out, whoever the caller is", () => {
  const settings = { LAYER_TOKEN_FILE: "/nowhere" };
  for (const auth of ["none", undefined] as const) {
    const presenter = createLayerPresenter({ ...settings, LAYER_AUTH: auth }, recordLog());
    assert.deepEqual(presenter.headers("alice"), {});
  }
});

test("the token goes out with the caller's name beside it", async (t) => {
  const { presenter } = await tokenFile(t);
  const { "x-airlock-layer": token, ...rest } = presenter.headers("alice");
  assert.match(token ?? "", /^[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.deepEqual(rest, { "x-airlock-caller": "alice" });
  assert.deepEqual(Object.keys(presenter.headers()), ["x-airlock-layer"]);
});

test("the client's address goes out with the token, whether its name is known or not", async (t) => {
  const { presenter } = await tokenFile(t);
  for (const caller of ["alice", undefined]) {
    const { "x-airlock-client": client } = presenter.headers(caller, undefined, "192.0.2.1");
    assert.equal(client, "192.0.2.1");
  }
});

test("a token that the kubelet swaps is picked up, and logged without a word of it", async (t) => {
  const { path, kept, log, presenter } = await tokenFile(t);
  await presenter.refresh();
  const before = presenter.headers()["x-airlock-layer"] ?? "";
  const data = join(dirname(path), "..data");
  const target = await readlink(data);
  await kept.renew();
  assert.notEqual(await readlink(data), target);
  assert.equal(presenter.headers()["x-airlock-layer"], before, "a request reads memory only");
  await presenter.refresh();
  const after = presenter.headers()["x-airlock-layer"] ?? "";
  assert.notEqual(after, before);
  assert.equal(log.lines.length, 1);
  assertNoToken(log.lines, [before, after]);
});

for (const [name, spoil] of [
  ["gone", (path: string) => rm(path)],
  ["empty", (path: string) => writeFile(path, "\n")],
  ["no token", (path: string) => writeFile(path, "CANARY with spaces\nand lines")],
  ["100 KB", (path: string) => writeFile(path, "x".repeat(100_000))],
] as const) {
  test(`while the file is ${name} the last good token serves`, async (t) => {
    const { path, kept, log, presenter } = await tokenFile(t);
    const before = presenter.headers();
    await spoil(path);
    for (let i = 0; i < 3; i++) await presenter.refresh();
    assert.deepEqual(presenter.headers(), before);
    assert.equal(log.lines.length, 1, log.lines.join("\n"));
    assert.ok(!log.lines.join().includes("CANARY"));
    await kept.renew();
    await presenter.refresh();
    assert.notDeepEqual(presenter.headers(), before);
  });
}

test("the token is taken without the line break that an editor leaves", async (t) => {
  const path = `${await temporary(t)}/token`;
  await writeFile(path, "a.b.c\n");
  const settings = { LAYER_AUTH: "service-account", LAYER_TOKEN_FILE: path } as const;
  const presenter = createLayerPresenter(settings, recordLog());
  t.after(() => presenter.close());
  assert.deepEqual(presenter.headers(), { "x-airlock-layer": "a.b.c" });
});

test("without its token a service refuses to start, in a sentence", async (t) => {
  const directory = await temporary(t);
  const refused = (path: string) =>
    refuseMissingLayerToken({ LAYER_AUTH: "Service-Account", LAYER_TOKEN_FILE: path });
  const need = "LAYER_AUTH=service-account needs a projected token there";
  assert.deepEqual(refused(`${directory}/none`), [
    `LAYER_TOKEN_FILE: ${directory}/none cannot be read (ENOENT); ${need}`,
  ]);
  await writeFile(`${directory}/empty`, "");
  assert.deepEqual(refused(`${directory}/empty`), [
    `LAYER_TOKEN_FILE: ${directory}/empty is empty; ${need}`,
  ]);
  await mkdir(`${directory}/token`);
  assert.match(refused(`${directory}/token`)[0] ?? "", /EISDIR/);
  await writeFile(`${directory}/good`, "a.b.c");
  assert.deepEqual(refused(`${directory}/good`), []);
  assert.deepEqual(refuseMissingLayerToken({ LAYER_TOKEN_FILE: "/none" }), []);
  assert.match(
    refuseMissingLayerToken({ LAYER_AUTH: "service-account" })[0] ?? "",
    /\/var\/run\/secrets\/airlock\/layer\/token/,
  );
  assert.throws(
    () =>
      createLayerPresenter(
        { LAYER_AUTH: "service-account", LAYER_TOKEN_FILE: `${directory}/empty` },
        recordLog(),
      ),
    TokenFileError,
  );
});
