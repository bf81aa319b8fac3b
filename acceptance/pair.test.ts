/** Black-box tests of a running pair: its paths, names and errors. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, call, json, listParameters, shape } from "./client.ts";
import { testGiven } from "./given.ts";

const PARAMETER_SHAPE = {
  name: "string",
  value: "string",
  type: "string",
  version: "number",
  last_modified: "string",
};

test("/ says what this is", async () => {
  const body = await json("/");
  assert.deepEqual(shape(body), {
    service: "string",
    version: "string",
    type: "string",
    environment: "string",
    architecture: "string",
    endpoints: "object",
  });
  assert.equal(body.type, "public_gateway");
  // where there are jobs, there is more under /v1
  const endpoints = Object.entries(body.endpoints as Record<string, string>);
  const ofThePair = endpoints.filter(([, path]) => !path.startsWith("/v1/"));
  assert.deepEqual(ofThePair.map(([name]) => name).sort(), [
    "config",
    "config_batch",
    "config_get",
    "docs",
    "health",
    "presigned",
    "storage",
    "storage_bucket",
    "storage_object",
    "version",
  ]);
});

test("/health keeps its shape", async () => {
  const body = await json("/health");
  assert.equal(body.status, "healthy");
  assert.match(String(body.timestamp), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.equal(typeof body.service, "string");
  assert.ok(["dev", "qa", "prod"].includes(String(body.environment)));
});

test("/version is six strings", async () => {
  const body = await json("/version");
  assert.deepEqual(Object.keys(body).sort(), [
    "build_time",
    "environment",
    "git_sha",
    "region",
    "service",
    "version",
  ]);
  assert.ok(Object.values(body).every((value) => typeof value === "string"));
});

test("probes answer", async () => {
  assert.equal((await json("/livez")).status, "ok");
  assert.equal((await json("/readyz")).status, "ok");
});

test("/storage lists every bucket", async () => {
  const { count, buckets } = (await json("/storage")) as { count: number; buckets: object[] };
  assert.equal(count, buckets.length);
  for (const bucket of buckets as Record<string, string>[]) {
    const keys = Object.keys(bucket).filter((key) => key !== "region");
    assert.deepEqual(keys.sort(), ["creation_date", "name"]);
    assert.ok(!Number.isNaN(Date.parse(bucket.creation_date ?? "")));
  }
});

test("/config lists every parameter without its value", async () => {
  const body = await json("/config");
  const parameters = body.parameters as Record<string, string>[];
  assert.equal(body.count, parameters.length);
  for (const parameter of parameters) {
    assert.deepEqual(Object.keys(parameter).sort(), ["last_modified", "name", "type"]);
    assert.match(parameter.type ?? "", /^(String|StringList|SecureString)$/);
    assert.ok(!Number.isNaN(Date.parse(parameter.last_modified ?? "")));
  }
});

const listed = (without: string, form: RegExp) => ({
  without,
  find: async () => (await listParameters()).find(({ name }) => form.test(name)),
});
const hierarchical = listed("the account has no hierarchical parameter", /^(\/[\w.-]+){2,15}$/);
const rootLevel = listed("the account has no root-level parameter", /^[\w.-]+$/);

await testGiven(
  "a hierarchical parameter is read by each of its spellings",
  hierarchical,
  async (found) => {
    const bare = found.name.slice(1);
    const values = await Promise.all(
      [bare, `/${bare}`, `%2F${bare.replaceAll("/", "%2F")}`].map((raw) => json(`/config/${raw}`)),
    );
    for (const body of values) {
      const { values: _items, ...others } = shape(body);
      assert.deepEqual(others, PARAMETER_SHAPE);
      assert.equal(body.name, found.name);
      assert.equal(body.value, values[0]?.value);
    }
  },
);

await testGiven("a root-level parameter is read by its name", rootLevel, async (found) => {
  assert.equal((await json(`/config/${found.name}`)).name, found.name);
});

test("an unknown parameter is 404", async () => {
  const name = `airlock-acceptance-${Date.now()}`;
  assertProblem(await call(`/config/${name}`), 404, "parameter_not_found");
  assertProblem(await call(`/config//airlock/${name}`), 404, "parameter_not_found");
});

for (const raw of [
  "",
  "/",
  "//a",
  "a//b",
  "a/",
  ".",
  "%2e",
  "%2e%2e/openapi.json",
  "..%2f..%2fs3%2fbuckets",
  "../health",
  "%252Fa",
  "%00",
  "a%0d%0aX:1",
  "a%3Fx%3D1",
  "a%23b",
  "a%20b",
  "x:3",
  "a".repeat(1012),
  Array.from({ length: 16 }, () => "l").join("/"),
]) {
  test(`/config/${raw.slice(0, 30)} is no parameter name`, async () => {
    assertProblem(await call(`/config/${raw}`), 400, "invalid_parameter_name");
  });
}

test("bad percent-encoding is 400", async () => {
  for (const raw of ["%", "%zz", "%c0%af", "%ff"]) {
    assertProblem(await call(`/config/${raw}`), 400, "bad_request");
  }
});

test("an unknown path is 404", async () => {
  assertProblem(await call("/nothing-here"), 404, "not_found");
  assertProblem(await call("/parameters/my-parameter"), 404, "not_found");
});

test("another method is 405 with Allow, and HEAD is GET without its body", async () => {
  for (const path of ["/", "/health", "/storage", "/config", "/config/x"]) {
    const reply = await call(path, "DELETE");
    assertProblem(reply, 405, "method_not_allowed");
    assert.equal(reply.headers.allow, "GET, HEAD");
  }
  const head = await call("/storage", "HEAD");
  assert.equal(head.status, 200);
  assert.equal(head.text, "");
});

test("a client's request id is kept when it is well formed, and replaced otherwise", async () => {
  const kept = await call("/health", "GET", { "x-request-id": "accept-1_A" });
  assert.equal(kept.headers["x-request-id"], "accept-1_A");
  const replaced = await call("/health", "GET", { "x-request-id": "not valid!" });
  assert.match(String(replaced.headers["x-request-id"]), /^[0-9a-f-]{36}$/);
});

test("answers are not stored and not sniffed", async () => {
  const { headers } = await call("/config");
  assert.equal(headers["cache-control"], "no-store");
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers.server, undefined);
  assert.equal(headers["x-powered-by"], undefined);
});
