// The control endpoint, over plain HTTP, and the methods behind it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { GetObjectCommand, ListBucketsCommand } from "@aws-sdk/client-s3";
import { DescribeParametersCommand, GetParameterCommand } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { Bench, refused, useBench } from "./harness.ts";

const bench = useBench();
const readHost = () =>
  bench.ssm().send(new GetParameterCommand({ Name: "/airlock/dev/database/host" }));

async function control(method: string, path: string, body?: unknown) {
  const answer = await fetch(`${bench.aws.url}/_control/${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  assert.equal(answer.headers.get("content-type"), "application/json", text);
  return { status: answer.status, headers: answer.headers, body: JSON.parse(text) };
}

test("health is ok", async () => {
  const { status, body } = await control("GET", "health");
  assert.deepEqual([status, body], [200, { status: "ok" }]);
});

test("faults are replaced, shown and cleared", async () => {
  const faults = [{ kind: "error500", service: "ssm", count: 3 }];
  assert.deepEqual((await control("PUT", "faults", { faults })).body, { faults });
  await refused(readHost(), "InternalServerError", 500);
  const { body } = await control("GET", "faults");
  assert.deepEqual(body, { faults: [{ kind: "error500", service: "ssm", count: 2 }] });
  assert.deepEqual((await control("DELETE", "faults")).body, { faults: [] });
  await readHost();
});

test("a bad body is 400 and says what is wrong", async () => {
  const bad = [
    ["not json", /not JSON/],
    [{ faults: [{ kind: "slow" }] }, /faults\.0\.delayMs/],
    [{ faults: [{ kind: "explode" }] }, /faults\.0\.kind/],
    [{ faults: [{ kind: "hang", operation: "Explode" }] }, /no operation "Explode"/],
    [{ fault: [] }, /faults/],
    [[], /body/],
  ] as const;
  for (const [body, says] of bad) {
    const answer = await control("PUT", "faults", body);
    assert.equal(answer.status, 400);
    assert.match(answer.body.error, says);
  }
});

test("an unknown path is 404 and another method is 405", async () => {
  assert.equal((await control("GET", "nothing")).status, 404);
  const { status, headers } = await control("POST", "faults");
  assert.equal(status, 405);
  assert.equal(headers.get("allow"), "GET, PUT, DELETE");
});

test("calls are counted by operation, and control requests are not", async () => {
  await readHost();
  await readHost();
  await bench.sts().send(new GetCallerIdentityCommand({}));
  const { body } = await control("GET", "calls");
  assert.deepEqual(body, {
    total: 3,
    byOperation: { "ssm.GetParameter": 2, "sts.GetCallerIdentity": 1 },
  });
  assert.deepEqual((await control("DELETE", "calls")).body, { total: 0, byOperation: {} });
});

test("the list names who called what, and no secret or value", async () => {
  await readHost();
  const { body } = await control("GET", "calls?list=1");
  const [record] = body.list;
  assert.equal(record.service, "ssm");
  assert.equal(record.operation, "GetParameter");
  assert.equal(record.status, 200);
  assert.equal(
    record.principalArn,
    "arn:aws:sts::111122223333:assumed-role/airlock-aux-role-dev/bench",
  );
  assert.equal(record.accessKeyId, bench.session.accessKeyId);
  assert.equal(record.resource, "/airlock/dev/database/host");
  assert.ok(record.ms >= 0);
  const text = JSON.stringify(body);
  for (const secret of ["db.dev.example.com", bench.session.secretAccessKey]) {
    assert.ok(!text.includes(secret));
  }
});

test("the list keeps the last thousand calls, the count all of them", async () => {
  // Unsigned calls are refused quickly and logged like any other.
  for (let round = 0; round < 11; round += 1) {
    await Promise.all(
      Array.from({ length: 100 }, async () => (await fetch(bench.aws.url)).arrayBuffer()),
    );
  }
  const { body } = await control("GET", "calls?list=1");
  assert.equal(body.total, 1100);
  assert.equal(body.list.length, 1000);
});

test("ten thousand generated parameters are there in no time", async () => {
  const started = performance.now();
  const load = { count: 10_000, prefix: "/airlock/load" };
  const { status, body } = await control("POST", "parameters", load);
  assert.deepEqual([status, body], [201, { added: 10_000 }]);
  assert.ok(performance.now() - started < 2000);
  const Name = "/airlock/load/p-10000";
  const { Parameter } = await bench.ssm().send(new GetParameterCommand({ Name }));
  assert.equal(Parameter?.Value, "value-10000");
  const { Parameters } = await bench.ssm().send(new DescribeParametersCommand({ MaxResults: 50 }));
  assert.equal(Parameters?.length, 50);
});

test("a list of parameters is added, existing ones get a version", async () => {
  const parameters = [
    { name: "/airlock/dev/database/host", value: "other.example.com" },
    { name: "/airlock/dev/added", value: "secret", type: "SecureString" },
  ];
  assert.equal((await control("POST", "parameters", { parameters })).body.added, 2);
  const { Parameter } = await readHost();
  assert.deepEqual([Parameter?.Value, Parameter?.Version], ["other.example.com", 2]);
});

test("parameters SSM would not take are 400", async () => {
  for (const body of [
    { parameters: [{ name: "a/b", value: "x" }] },
    { parameters: [{ name: "/a", value: "" }] },
    { count: 5, prefix: "no-slash" },
    { count: 0, prefix: "/a" },
    { count: 5 },
  ]) {
    assert.equal((await control("POST", "parameters", body)).status, 400);
  }
});

test("reset brings back the seed and leaves sessions valid", async () => {
  await control("POST", "parameters", { count: 3, prefix: "/airlock/load" });
  await control("PUT", "faults", { faults: [{ kind: "error500" }] });
  await control("POST", "reset");
  assert.equal((await control("GET", "calls")).body.total, 0);
  const { Parameters } = await bench.ssm().send(new DescribeParametersCommand({ MaxResults: 50 }));
  assert.equal(Parameters?.length, 13);
});

test("objects are put past the API, many at once or one of a size", async () => {
  const bucket = "airlock-data-dev";
  const keys = ["a+b.txt", "/x//y", "ключ"];
  assert.deepEqual((await control("POST", "objects", { bucket, keys })).body, { added: 3 });
  const read = async (Key: string) => {
    const { Body } = await bench.s3().send(new GetObjectCommand({ Bucket: bucket, Key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  };
  for (const key of keys) assert.equal((await read(key)).toString(), key);

  const big = { bucket, key: "big.bin", size: 300_000 };
  const { body } = await control("POST", "objects", big);
  const bytes = await read("big.bin");
  assert.equal(bytes.length, big.size);
  assert.equal(body.sha256, createHash("sha256").update(bytes).digest("hex"));
  assert.equal((await control("POST", "objects", { bucket, key: "", size: 1 })).status, 400);
});

test("a reader that leaves early is seen in the calls, one that stays is not", async () => {
  const bucket = "airlock-data-dev";
  await control("POST", "objects", { bucket, key: "cut.bin", size: 50_000_000 });
  const input = { Bucket: bucket, Key: "cut.bin" };
  const lastCall = () =>
    bench.aws.calls.list().findLast(({ resource }) => resource === `${bucket}/cut.bin`);
  const { Body } = await bench.s3().send(new GetObjectCommand(input));
  (Body as Readable).destroy();
  while (lastCall()?.cutAfterMs === undefined) await setImmediate();
  const whole = await bench.s3().send(new GetObjectCommand(input));
  assert.equal((await whole.Body?.transformToByteArray())?.length, 50_000_000);
  assert.equal(lastCall()?.cutAfterMs, undefined);
});

test("sessions are revoked by decree, as ended or as unknown; keys that are fixed stay", async (t) => {
  const own = new Bench(); // the other tests keep their session
  await own.start();
  t.after(() => own.stop());
  for (const [as, s3, status, ssm] of [
    ["expired", "ExpiredToken", 400, "ExpiredTokenException"],
    ["unknown", "InvalidAccessKeyId", 403, "UnrecognizedClientException"],
  ] as const) {
    const keys = await own.assumeRole();
    const body = JSON.stringify({ as });
    const answer = await fetch(`${own.aws.url}/_control/sessions`, { method: "DELETE", body });
    assert.match(await answer.text(), /^\{"revoked":[1-9]\d*\}$/m);
    await refused(own.s3(keys).send(new ListBucketsCommand({})), s3, status);
    await refused(own.ssm(keys).send(new DescribeParametersCommand({})), ssm, 400);
    await own.sts().send(new GetCallerIdentityCommand({}));
  }
  assert.equal((await control("DELETE", "sessions", { as: "gone" })).status, 400);
});
