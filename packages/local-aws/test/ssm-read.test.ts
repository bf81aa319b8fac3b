// GetParameter and GetParameters through the real SSM client.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DeleteParameterCommand,
  GetParameterCommand,
  type GetParameterCommandInput,
  GetParametersCommand,
  LabelParameterVersionCommand,
  PutParameterCommand,
} from "@aws-sdk/client-ssm";
import { refused, useBench } from "./harness.ts";

const bench = useBench();
const HOST = "/airlock/dev/database/host";
const URL_NAME = "/airlock/dev/database/url";

const get = async (Name: string, more: Partial<GetParameterCommandInput> = {}) =>
  (await bench.ssm().send(new GetParameterCommand({ Name, ...more }))).Parameter;

test("a parameter comes with its type, version, date and ARN", async () => {
  const parameter = await get(HOST);
  assert.equal(parameter?.Value, "db.dev.example.com");
  assert.equal(parameter?.Type, "String");
  assert.equal(parameter?.Version, 1);
  assert.equal(parameter?.DataType, "text");
  assert.equal(parameter?.ARN, `arn:aws:ssm:eu-west-1:111122223333:parameter${HOST}`);
  assert.ok(parameter?.LastModifiedDate instanceof Date);
});

test("a root-level parameter is read by its bare name", async () => {
  const parameter = await get("my-parameter");
  assert.equal(parameter?.Value, "a root-level value");
  assert.equal(parameter?.ARN, "arn:aws:ssm:eu-west-1:111122223333:parameter/my-parameter");
});

test("a parameter is read by its ARN", async () => {
  const arn = `arn:aws:ssm:eu-west-1:111122223333:parameter${HOST}`;
  assert.equal((await get(arn))?.Name, HOST);
  assert.equal((await get(arn.replace(HOST, "/my-parameter")))?.Name, "my-parameter");
});

test("a SecureString reads as ciphertext unless decryption is asked for", async () => {
  const sealed = (await get(URL_NAME))?.Value ?? "";
  assert.match(sealed, /^AQICAHh[\w+/]{40,}$/);
  assert.equal((await get(URL_NAME, { WithDecryption: false }))?.Value, sealed);
  const open = (await get(URL_NAME, { WithDecryption: true }))?.Value ?? "";
  assert.match(open, /^postgresql:\/\//);
});

test("the seeded JSON values are JSON", async () => {
  const read = async (name: string) => JSON.parse((await get(name))?.Value ?? "");
  assert.deepEqual(await read("/airlock/dev/api/config"), { timeout: 30, max_retries: 3 });
  assert.deepEqual(await read("/airlock/dev/features/flags"), { new_ui: true, beta: false });
});

test("a version or a label selects an older value", async () => {
  const ssm = bench.ssm();
  await ssm.send(new PutParameterCommand({ Name: HOST, Value: "second", Overwrite: true }));
  await ssm.send(
    new LabelParameterVersionCommand({ Name: HOST, ParameterVersion: 1, Labels: ["stable"] }),
  );
  assert.equal((await get(HOST))?.Value, "second");
  const byVersion = await get(`${HOST}:1`);
  assert.deepEqual([byVersion?.Value, byVersion?.Selector], ["db.dev.example.com", ":1"]);
  assert.equal((await get(`${HOST}:stable`))?.Value, "db.dev.example.com");
  await refused(get(`${HOST}:3`), "ParameterVersionNotFound", 400);
  await refused(get(`${HOST}:other`), "ParameterVersionNotFound", 400);
});

test("x and /x are one name, answered as it was put", async () => {
  assert.equal((await get("/my-parameter"))?.Name, "my-parameter");
  bench.aws.parameters.put({ parameters: [{ name: "/rooted", value: "one" }] });
  assert.equal((await get("rooted"))?.Name, "/rooted");
  const ssm = bench.ssm();
  const again = new PutParameterCommand({ Name: "rooted", Value: "two", Type: "String" });
  await refused(ssm.send(again), "ParameterAlreadyExists", 400);
  const both = new GetParametersCommand({ Names: ["rooted", "/rooted"] });
  await refused(ssm.send(both), "ValidationException", 400);
  await ssm.send(new DeleteParameterCommand({ Name: "rooted" }));
  await refused(get("/rooted"), "ParameterNotFound", 400);
});

test("a secret is read decrypted, by stage or version id, and has version 0", async () => {
  const name = "/aws/reference/secretsmanager/team/db";
  bench.aws.parameters.put({ parameters: [{ name, value: "old" }] });
  bench.aws.parameters.put({ parameters: [{ name, value: "new" }] });
  const read = (selector = "") => get(`${name}${selector}`, { WithDecryption: true });
  const current = await read();
  assert.deepEqual(
    [current?.Name, current?.Value, current?.Version, current?.Type],
    [name, "new", 0, "SecureString"],
  );
  assert.match(
    current?.ARN ?? "",
    /^arn:aws:secretsmanager:eu-west-1:111122223333:secret:team\/db-/,
  );
  assert.equal((await read(":AWSPREVIOUS"))?.Value, "old");
  const { versionId } = JSON.parse((await read(":AWSPREVIOUS"))?.SourceResult ?? "");
  assert.equal((await read(`:${versionId}`))?.Value, "old");
  await refused(read(":NONE"), "ParameterNotFound", 400);
  await refused(get(name), "ValidationException", 400);
  const many = new GetParametersCommand({ Names: [name, HOST] });
  assert.deepEqual((await bench.ssm().send(many)).InvalidParameters, [name]);
  bench.aws.parameters.put({ parameters: [{ name: `${name}-binary`, value: "" }] });
  assert.equal((await get(`${name}-binary`, { WithDecryption: true }))?.Value, undefined);
});

test("what another account shares is read by its ARN; anything else of it is refused", async () => {
  const arn = "arn:aws:ssm:eu-west-1:444455556666:parameter/shared/x";
  bench.aws.parameters.put({ parameters: [{ name: arn, value: "theirs" }] });
  const found = await get(arn);
  assert.deepEqual([found?.Name, found?.ARN, found?.Value], ["/shared/x", arn, "theirs"]);
  assert.equal((await get(`${arn}:1`))?.Selector, ":1");
  await refused(get(`${arn}-not`), "AccessDeniedException", 400);
});

for (const how of ["accessDenied", "disabled"] as const) {
  test(`a key that cannot be used (${how}) fails the whole call`, async () => {
    bench.aws.faults.set([{ kind: "kmsDeny", names: "/airlock/dev/database/*", how }]);
    const name = how === "disabled" ? "InvalidKeyId" : "AccessDeniedException";
    await refused(get(URL_NAME, { WithDecryption: true }), name, 400);
    const Names = [HOST, URL_NAME];
    const many = (WithDecryption: boolean) =>
      bench.ssm().send(new GetParametersCommand({ Names, WithDecryption }));
    await refused(many(true), name, 400);
    assert.equal((await many(false)).Parameters?.length, 2);
    assert.equal((await get(HOST, { WithDecryption: true }))?.Value, "db.dev.example.com");
  });
}

test("a name that IAM denies fails the whole call, and is told", async () => {
  bench.aws.faults.set([{ kind: "iamDeny", names: "/my-*", count: 1 }]);
  const Names = [HOST, "my-parameter"];
  const many = () => bench.ssm().send(new GetParametersCommand({ Names }));
  const error = await refused(many(), "AccessDeniedException", 400);
  assert.match(error.message, /ssm:GetParameters on resource: .*:parameter\/my-parameter /);
  assert.equal((await many()).Parameters?.length, 2);
});

test("an unknown name is ParameterNotFound", async () => {
  await refused(get("/airlock/dev/nothing"), "ParameterNotFound", 400);
  await refused(get("__proto__"), "ParameterNotFound", 400);
});

test("a name no parameter can have is a ValidationException", async () => {
  const bad = ["a/b", "/a//b", "/a/", "a b", "/ä", "/a:1:2", "/a:", "//a", "/"];
  for (const name of [...bad, `/${"n".repeat(1011)}`]) {
    await refused(get(name), "ValidationException", 400);
  }
  await refused(get(`/${"n".repeat(1010)}`), "ParameterNotFound", 400);
});

test("ten names are read at once, the unknown ones reported beside the others", async () => {
  const known = [HOST, "my-parameter", `${HOST}:1`];
  const unknown = Array.from({ length: 7 }, (_, index) => `/nothing/${index}`);
  const answer = await bench
    .ssm()
    .send(new GetParametersCommand({ Names: [...known, ...unknown], WithDecryption: true }));
  assert.deepEqual(
    answer.Parameters?.map(({ Name, Selector }) => `${Name}${Selector ?? ""}`),
    known,
  );
  assert.deepEqual(answer.InvalidParameters, unknown);
});

test("eleven names, no names and a bad name are a ValidationException", async () => {
  const read = (Names: string[]) => bench.ssm().send(new GetParametersCommand({ Names }));
  const eleven = Array.from({ length: 11 }, (_, index) => `/nothing/${index}`);
  const error = await refused(read(eleven), "ValidationException", 400);
  assert.match(error.message, /at 'names' .*length less than or equal to 10/);
  await refused(read([]), "ValidationException", 400);
  await refused(read([HOST, "a/b"]), "ValidationException", 400);
});
