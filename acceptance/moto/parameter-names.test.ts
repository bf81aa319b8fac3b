/** On moto: names that SSM takes in two spellings, what it does not describe, and what the policy denies. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, call, json } from "../client.ts";

interface Named {
  readonly name: string;
}

const PUBLIC = "/aws/service/global-infrastructure/regions/eu-west-1";
const namesOf = (body: Record<string, unknown>) =>
  (body.parameters as Named[]).map(({ name }) => name);

test("a deny rule holds for /root-secret, which was put with its slash, however it is asked for", async () => {
  for (const path of [
    "/config",
    "/config?prefix=/root",
    "/config?prefix=root",
    "/config?path=/",
    "/config?path=/&recursive=true",
    "/config?path=/&recursive=true&limit=1000",
    "/config?name=root-secret&name=/root-secret&name=my-parameter",
  ]) {
    const { status, text } = await call(path);
    assert.equal(status, 200, text);
    assert.ok(!text.includes("LEAKED"), `${path}: ${text}`);
    assert.ok(path.includes("name=") || !text.includes("root-secret"), `${path}: ${text}`);
  }
  for (const path of ["root-secret", "/root-secret", "%2Froot-secret"]) {
    assertProblem(await call(`/config/${path}`), 404, "parameter_not_found");
  }
});

test("a parameter of one level is one, with its slash and without", async () => {
  const one = await json("/config/rooted");
  assert.deepEqual([one.name, one.value], ["rooted", "one level"]);
  assert.deepEqual(await json("/config//rooted"), one);
  const batch = await json("/config?name=rooted&name=/rooted");
  assert.deepEqual(batch.parameters, [one]);
  assert.ok(namesOf(await json("/config?prefix=/rooted")).includes("rooted"));
});

test("wait holds for a name with two spellings and for one that is not described", async () => {
  for (const name of ["rooted", PUBLIC]) {
    const { headers, status, text } = await call(`/config/${name}`);
    assert.equal(status, 200, text);
    const startedAt = performance.now();
    const waited = await call(`/config/${name}?wait=3s`, "GET", {
      "if-none-match": String(headers.etag),
    });
    assert.equal(waited.status, 304);
    assert.ok(performance.now() - startedAt > 2500, `${name}: ${performance.now() - startedAt} ms`);
  }
});

test("a slash at the end of a path and none at the beginning of a prefix make no difference", async () => {
  const tree = await json("/config?path=/airlock/dev");
  assert.deepEqual(await json("/config?path=/airlock/dev/"), tree);
  const list = await json("/config?prefix=/airlock/dev/many/");
  assert.equal(list.count, 120);
  assert.deepEqual(await json("/config?prefix=airlock/dev/many/"), list);
});

test("an ARN of the account itself is 400", async () => {
  const arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/root-secret";
  for (const path of [`/config/${arn}`, `/config?name=${arn}`]) {
    assertProblem(await call(path), 400, "invalid_parameter_name");
  }
});
