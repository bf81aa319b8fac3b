/** Objects of S3: keys as they are, conditions, and what is not there. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { problemOf } from "./harness.ts";
import { bytesOf, openBuckets, putObject } from "./s3-harness.ts";

const BUCKET = "buckets";

/** A rig with one bucket and one object of ten bytes. */
async function withObject(t: TestContext, headers: Record<string, string> = {}) {
  const rig = await openBuckets(t, BUCKET);
  await putObject(rig, BUCKET, "ten", "0123456789", { "content-type": "text/plain", ...headers });
  return rig;
}

const ODD_KEYS = [
  "a+b c%20d%2Fe%",
  "/leading",
  "//double//slash//",
  "../up/./../x",
  ".",
  "..",
  "trailing/",
  "ünïcödé/漢字/🦆",
  "e\u0301 is not \u00e9",
  "?query#fragment&amp;<tag>",
  "!'()*~-_.$,;:@=",
  "tab\tnewline\ncr\rnul\u0000bell\u0007del\u007f",
  " spaces at the ends ",
  'back\\slash|{}[]^`"',
  "x-id=GetObject",
  "buckets/buckets",
  "k".repeat(1024),
];

test("keys arrive exactly as they are, and are listed so", async (t) => {
  const rig = await openBuckets(t, BUCKET);
  for (const key of ODD_KEYS) await putObject(rig, BUCKET, key, `body of ${key}`);
  for (const key of ODD_KEYS) {
    const answer = await rig.aws.objects.open("GET", BUCKET, key, {});
    assert.equal(String(await bytesOf(answer.body)), `body of ${key}`, JSON.stringify(key));
    assert.equal(rig.local.calls.list().at(-1)?.resource, `${BUCKET}/${key}`);
    const { headers } = await rig.aws.objects.open("HEAD", BUCKET, key, {});
    assert.equal(headers["content-length"], `${Buffer.byteLength(`body of ${key}`)}`);
  }
  const { objects } = await rig.aws.objects.list(BUCKET, { prefix: "", limit: 1000 });
  assert.deepEqual(objects.map(({ key }) => key).sort(), ODD_KEYS.toSorted());
});

test("GET and HEAD tell what S3 knows, and nothing of x-amz-*", async (t) => {
  const { aws } = await withObject(t, {
    "content-disposition": 'attachment; filename="ten.txt"',
    "content-language": "en",
    "cache-control": "max-age=60",
  });
  const get = await aws.objects.open("GET", BUCKET, "ten", {});
  const head = await aws.objects.open("HEAD", BUCKET, "ten", {});
  assert.equal(String(await bytesOf(get.body)), "0123456789");
  assert.equal(head.body, null);
  assert.deepEqual(get.headers, head.headers);
  const { etag, "last-modified": lastModified, ...others } = get.headers;
  assert.match(etag ?? "", /^"[0-9a-f]{32}"$/);
  assert.ok(Math.abs(Date.parse(lastModified ?? "") - Date.now()) < 60_000, lastModified);
  assert.deepEqual(others, {
    "accept-ranges": "bytes",
    "cache-control": "max-age=60",
    "content-disposition": 'attachment; filename="ten.txt"',
    "content-language": "en",
    "content-length": "10",
    "content-type": "text/plain",
  });
});

for (const [range, status, body, contentRange] of [
  ["bytes=2-4", 206, "234", "bytes 2-4/10"],
  ["bytes=7-", 206, "789", "bytes 7-9/10"],
  ["bytes=-3", 206, "789", "bytes 7-9/10"],
  ["BYTES=0-99", 206, "0123456789", "bytes 0-9/10"],
  ["bytes=0-1,5-6", 200, "0123456789", undefined],
  ["bytes=x-", 200, "0123456789", undefined],
  ["lines=1-2", 200, "0123456789", undefined],
  ["", 200, "0123456789", undefined],
] as const) {
  test(`Range: ${range} is ${status}`, async (t) => {
    const { aws } = await withObject(t);
    const answer = await aws.objects.open("GET", BUCKET, "ten", { range });
    assert.equal(answer.status, status);
    assert.equal(String(await bytesOf(answer.body)), body);
    assert.equal(answer.headers["content-range"], contentRange);
    assert.equal(answer.headers["content-length"], String(body.length));
  });
}

test("a range past the end is 416 with the size; a HEAD has no ranges", async (t) => {
  const { aws } = await withObject(t);
  const range = "bytes=10-";
  const problem = await problemOf(aws.objects.open("GET", BUCKET, "ten", { range }));
  assert.equal(problem.code, "range_not_satisfiable");
  assert.deepEqual(problem.headers, { "content-range": "bytes */10" });
  const head = await aws.objects.open("HEAD", BUCKET, "ten", { range });
  assert.deepEqual([head.status, head.headers["content-length"]], [200, "10"]);
});

for (const method of ["GET", "HEAD"] as const) {
  test(`${method} under conditions`, async (t) => {
    const { aws } = await withObject(t);
    const { headers } = await aws.objects.open("HEAD", BUCKET, "ten", {});
    const { etag = "", "last-modified": date = "" } = headers;
    const open = (conditions: object) => aws.objects.open(method, BUCKET, "ten", conditions);
    const early = new Date(Date.parse(date) - 60_000);
    const asctime = early
      .toUTCString()
      .replace(/^(\w+), (\d+) (\w+) (\d+) (\S+) GMT$/, "$1 $3 $2 $5 $4");

    for (const unchanged of [{ ifNoneMatch: etag }, { ifModifiedSince: date }]) {
      const answer = await open(unchanged);
      assert.deepEqual([answer.status, answer.body], [304, null]);
      assert.deepEqual(answer.headers, { etag, "last-modified": date });
    }
    for (const sent of [
      { ifNoneMatch: '"other"' },
      { ifNoneMatch: '"\u00e9"' },
      { ifMatch: etag },
      { ifModifiedSince: early.toUTCString() },
      { ifModifiedSince: asctime },
      { ifUnmodifiedSince: date },
      { ifModifiedSince: "yesterday", ifUnmodifiedSince: "1970-01-01" },
    ]) {
      const answer = await open(sent);
      assert.equal(answer.status, 200, JSON.stringify(sent));
      answer.body?.destroy();
    }
    for (const failed of [
      { ifMatch: '"other"' },
      { ifMatch: '"\u00e9"' },
      { ifUnmodifiedSince: early.toUTCString() },
      { ifUnmodifiedSince: asctime },
    ]) {
      const problem = await problemOf(open(failed));
      assert.equal(problem.code, "precondition_failed", JSON.stringify(failed));
    }
  });
}

test("what is not there: object, and bucket where S3 says so", async (t) => {
  const { aws } = await withObject(t);
  const codeOf = async (work: Promise<unknown>) => (await problemOf(work)).code;
  assert.equal(await codeOf(aws.objects.open("GET", BUCKET, "none", {})), "object_not_found");
  assert.equal(await codeOf(aws.objects.open("HEAD", BUCKET, "none", {})), "object_not_found");
  assert.equal(await codeOf(aws.objects.open("GET", "no-bucket", "ten", {})), "bucket_not_found");
  const page = aws.objects.list("no-bucket", { prefix: "", limit: 10 });
  assert.equal(await codeOf(page), "bucket_not_found");
});

for (const [fault, code] of [
  [{ kind: "slowDown" }, "aws_throttled"],
  [{ kind: "error500", service: "s3" }, "aws_error"],
  [{ kind: "reset", service: "s3" }, "aws_error"],
] as const) {
  test(`S3 ${fault.kind} is ${code} for GET and HEAD`, async (t) => {
    const { aws, local } = await withObject(t);
    local.faults.set([fault]);
    for (const method of ["GET", "HEAD"] as const) {
      const problem = await problemOf(aws.objects.open(method, BUCKET, "ten", {}));
      assert.equal(problem.code, code, `${method}: ${problem.cause}`);
      assert.equal(problem.headers["retry-after"], code === "aws_throttled" ? "1" : undefined);
    }
  });
}

test("pages hold every object once, also after an empty page with a token", async (t) => {
  const rig = await openBuckets(t, BUCKET);
  const keys = Array.from({ length: 25 }, (_, i) => `p/${String(i).padStart(2, "0")} +%`);
  for (const key of [...keys, "other"]) await putObject(rig, BUCKET, key, key);
  rig.local.faults.set([{ kind: "emptyPage", count: 1 }]);
  const found: string[] = [];
  const sizes: number[] = [];
  let token: string | undefined;
  do {
    const page = await rig.aws.objects.list(BUCKET, { prefix: "p/", limit: 10, token });
    found.push(...page.objects.map(({ key }) => key));
    sizes.push(page.objects.length);
    token = page.nextToken;
  } while (token !== undefined);
  assert.deepEqual(found, keys);
  assert.deepEqual(sizes, [0, 10, 10, 5]);
});

test("a delimiter rolls up, and prefixes are decoded as keys are", async (t) => {
  const rig = await openBuckets(t, BUCKET);
  for (const key of ["a +%/1", "a +%/2", "ü/1", "b"]) await putObject(rig, BUCKET, key, "12345");
  const page = await rig.aws.objects.list(BUCKET, { prefix: "", delimiter: "/", limit: 10 });
  assert.deepEqual(page.prefixes, ["a +%/", "ü/"]);
  assert.equal(page.nextToken, undefined);
  const [object] = page.objects;
  assert.deepEqual([page.objects.length, object?.key, object?.size], [1, "b", 5]);
  assert.match(object?.etag ?? "", /^"[0-9a-f]{32}"$/);
  assert.match(object?.last_modified ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test("a token that S3 did not give is a wrong cursor", async (t) => {
  const { aws } = await withObject(t);
  const page = aws.objects.list(BUCKET, { prefix: "", limit: 1, token: "made up" });
  assert.equal((await problemOf(page)).code, "invalid_cursor");
});
