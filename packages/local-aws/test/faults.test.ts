// Each fault, seen through the real SDK clients.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type FaultInput, LOCAL_AWS } from "@airlock/local-aws";
import {
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  paginateListBuckets,
} from "@aws-sdk/client-s3";
import {
  DescribeParametersCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  paginateDescribeParameters,
} from "@aws-sdk/client-ssm";
import { AssumeRoleCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { keysOf, refused, useBench } from "./harness.ts";

const bench = useBench();
const host = { Name: "/airlock/dev/database/host" };

const listBuckets = () => bench.s3().send(new ListBucketsCommand({}));
const readHost = () => bench.ssm().send(new GetParameterCommand(host));
const whoAmI = () => bench.sts().send(new GetCallerIdentityCommand({}));
const assumeRole = () =>
  bench
    .sts()
    .send(new AssumeRoleCommand({ RoleArn: LOCAL_AWS.roleArn, RoleSessionName: "faulty" }));
const set = (...faults: FaultInput[]) => bench.aws.faults.set(faults);

test("throttle answers in the words of each service", async () => {
  set({ kind: "throttle" });
  await refused(readHost(), "ThrottlingException", 400);
  await refused(listBuckets(), "SlowDown", 503);
  await refused(whoAmI(), "Throttling", 400);
});

test("error500 answers in the words of each service", async () => {
  set({ kind: "error500" });
  await refused(readHost(), "InternalServerError", 500);
  await refused(listBuckets(), "InternalError", 500);
  await refused(whoAmI(), "InternalFailure", 500);
});

test("slowDown is 503 of S3 and leaves the others alone", async () => {
  set({ kind: "slowDown" });
  await refused(listBuckets(), "SlowDown", 503);
  await readHost();
});

test("a fault aims at one service, or at one operation of it", async () => {
  set({ kind: "error500", service: "ssm", operation: "GetParameter" });
  await refused(readHost(), "InternalServerError", 500);
  await bench.ssm().send(new DescribeParametersCommand({}));
  await listBuckets();
});

test("a counted fault hits so many calls and is gone", async () => {
  set({ kind: "error500", service: "ssm", count: 2 });
  await refused(readHost(), "InternalServerError", 500);
  assert.deepEqual(bench.aws.faults.list(), [{ kind: "error500", service: "ssm", count: 1 }]);
  await refused(readHost(), "InternalServerError", 500);
  await readHost();
  assert.deepEqual(bench.aws.faults.list(), []);
});

test("a rate lets the rest of the calls pass", async () => {
  set({ kind: "throttle", service: "ssm", rate: 0.25 });
  bench.randomValue = 0.24;
  await refused(readHost(), "ThrottlingException", 400);
  bench.randomValue = 0.25;
  await readHost();
});

test("hang accepts the call and never answers", async () => {
  set({ kind: "hang", service: "s3" });
  const giveUp = new AbortController();
  const call = bench.s3().send(new ListBucketsCommand({}), { abortSignal: giveUp.signal });
  const aborted = assert.rejects(call, { name: "AbortError" });
  while (bench.aws.calls.counts().total === 0) await new Promise(setImmediate);
  giveUp.abort();
  await aborted;
  assert.equal(bench.aws.calls.counts().byOperation["s3.ListBuckets"], 1);
  assert.equal(bench.aws.calls.list()[0]?.status, null);
});

test("slow delays the answer and changes nothing else", async () => {
  set({ kind: "slow", service: "ssm", delayMs: 80 });
  const started = performance.now();
  const { Parameter } = await readHost();
  assert.ok(performance.now() - started >= 75);
  assert.equal(Parameter?.Value, "db.dev.example.com");
});

test("slow goes together with another fault", async () => {
  set({ kind: "slow", delayMs: 30 }, { kind: "error500" });
  const started = performance.now();
  await refused(listBuckets(), "InternalError", 500);
  assert.ok(performance.now() - started >= 25);
});

test("reset destroys the socket", async () => {
  set({ kind: "reset", service: "ssm" });
  await assert.rejects(
    readHost(),
    (error: Error) => "code" in error && error.code === "ECONNRESET",
  );
});

test("stsDown takes STS away, by 503 or by reset, and leaves sessions working", async () => {
  set({ kind: "stsDown" });
  await refused(assumeRole(), "ServiceUnavailable", 503);
  set({ kind: "stsDown", how: "reset" });
  await assert.rejects(
    assumeRole(),
    (error: Error) => "code" in error && error.code === "ECONNRESET",
  );
  await readHost();
});

test("sessionSeconds shortens sessions to what no one may ask for", async () => {
  set({ kind: "sessionSeconds", seconds: 20 });
  const { Credentials } = await assumeRole();
  const lifeMs = Number(Credentials?.Expiration) - Date.now();
  assert.ok(lifeMs > 0 && lifeMs <= 20_000, String(lifeMs));
  const keys = keysOf(Credentials);
  await bench.s3(keys).send(new ListBucketsCommand({}));
  bench.clockAheadMs = 20_000;
  await refused(bench.s3(keys).send(new ListBucketsCommand({})), "ExpiredToken", 400);
});

test("clockSkewSeconds moves the server's clock, and the SDK learns it from the Date header", async () => {
  set({ kind: "clockSkewSeconds", seconds: 1200 });
  const s3 = bench.s3();
  await refused(s3.send(new ListBucketsCommand({})), "RequestTimeTooSkewed", 403);
  await s3.send(new ListBucketsCommand({}));
  const sts = bench.sts();
  await refused(sts.send(new GetCallerIdentityCommand({})), "SignatureDoesNotMatch", 403);
});

test("refuse answers any error, in the form of each service, about what it names", async () => {
  const read = (Key: string) =>
    bench.s3().send(new GetObjectCommand({ Bucket: "airlock-data-dev", Key }));
  set({ kind: "refuse", code: "KMS.DisabledException", resource: "airlock-data-dev/reports/*" });
  await refused(read("reports/2026/details.csv"), "KMS.DisabledException", 400);
  await read("readme.txt");
  set({ kind: "refuse", code: "AccountProblem", status: 403 });
  await refused(listBuckets(), "AccountProblem", 403);
  await refused(readHost(), "AccountProblem", 403);
  await refused(whoAmI(), "AccountProblem", 403);
});

test("answer is what something in between would say, without a header of AWS's", async () => {
  set({ kind: "answer", status: 404, body: "<h1>Not Found</h1>" });
  const url = `${bench.aws.url}/airlock-data-dev/readme.txt`;
  const response = await fetch(url);
  assert.equal(response.status, 404);
  assert.equal(await response.text(), "<h1>Not Found</h1>");
  assert.equal(response.headers.get("x-amz-request-id"), null);
});

test("emptyPage makes first pages empty and loses nothing", async () => {
  set({ kind: "emptyPage" });
  const first = await listBuckets();
  assert.deepEqual(first.Buckets ?? [], []);
  assert.ok(first.ContinuationToken);
  const buckets: unknown[] = [];
  for await (const page of paginateListBuckets({ client: bench.s3() }, {})) {
    buckets.push(...(page.Buckets ?? []));
  }
  assert.equal(buckets.length, 3);

  const names: unknown[] = [];
  for await (const page of paginateDescribeParameters({ client: bench.ssm() }, {})) {
    names.push(...(page.Parameters ?? []));
  }
  assert.equal(names.length, 13);

  const byPath = await bench.ssm().send(new GetParametersByPathCommand({ Path: "/" }));
  assert.deepEqual(byPath.Parameters, []);
  assert.ok(byPath.NextToken);
});

test("an emptied object listing goes on where start-after wanted it", async () => {
  set({ kind: "emptyPage", service: "s3", operation: "ListObjectsV2" });
  const ask = { Bucket: "airlock-data-dev", StartAfter: "readme.txt" };
  const first = await bench.s3().send(new ListObjectsV2Command(ask));
  assert.deepEqual([first.KeyCount, first.IsTruncated], [0, true]);
  const ContinuationToken = first.NextContinuationToken;
  assert.ok(ContinuationToken);
  const next = await bench.s3().send(new ListObjectsV2Command({ ...ask, ContinuationToken }));
  assert.deepEqual(
    next.Contents?.map(({ Key }) => Key),
    ["reports/2026/details.csv", "reports/2026/summary.json"],
  );
});

test("sharedRate lets so many value reads pass a second, over all three operations", async () => {
  // The clock stands still, so nothing is refilled in between.
  const frozenAt = Date.now();
  bench.freezeClock(frozenAt);
  set({ kind: "sharedRate", perSecond: 3 });
  const ssm = bench.ssm();
  const reads = [
    () => ssm.send(new GetParameterCommand(host)),
    () => ssm.send(new GetParametersCommand({ Names: [host.Name] })),
    () => ssm.send(new GetParametersByPathCommand({ Path: "/" })),
  ];
  for (const read of reads) await read();
  for (const read of reads) await refused(read(), "ThrottlingException", 400);
  await ssm.send(new DescribeParametersCommand({}));
  bench.freezeClock(frozenAt + 1000);
  for (const read of reads) await read();
});

test("describeRate is a limit of its own: what describes is refused, what gives values is not", async () => {
  const frozenAt = Date.now();
  bench.freezeClock(frozenAt);
  set({ kind: "sharedRate", perSecond: 2 }, { kind: "describeRate" });
  const ssm = bench.ssm();
  const describe = () => ssm.send(new DescribeParametersCommand({}));
  await describe();
  await refused(describe(), "ThrottlingException", 400);
  await ssm.send(new GetParameterCommand(host));
  bench.freezeClock(frozenAt + 1000);
  await describe();
});

test("the last fault of a list of faults can be cleared with the others", async () => {
  set({ kind: "throttle", service: "ssm" }, { kind: "error500", service: "s3" });
  bench.aws.faults.clear();
  await readHost();
  await listBuckets();
  await bench.s3().send(new GetObjectCommand({ Bucket: "airlock-data-dev", Key: "readme.txt" }));
});

test("a bad fault is refused by name and leaves the others as they were", () => {
  set({ kind: "error500", service: "s3" });
  const bad = [
    [{ kind: "explode" }, /kind/],
    [{ kind: "slow" }, /delayMs/],
    [{ kind: "throttle", rate: 2 }, /rate/],
    [{ kind: "hang", service: "ec2" }, /service/],
    [{ kind: "hang", service: "s3", operation: "GetParameter" }, /no operation "GetParameter"/],
    [{ kind: "hang", for: 3 }, /for/],
  ] as const;
  for (const [fault, says] of bad) {
    assert.throws(() => bench.aws.faults.set([fault as never]), says);
  }
  assert.equal(bench.aws.faults.list().length, 1);
});
