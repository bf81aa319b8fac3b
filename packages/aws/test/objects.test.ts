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
  const { objects } = await rig.aws.objects.list(BUCKET, { prefix: "" });
  assert.deepEqual(objects.map(({ key }) => key).sort(), ODD_KEYS.toSorted());
});

test("GET and HEAD tell what S3 knows of the object, and nothing of S3 itself", async (t) => {
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
    "x-amz-meta-owner": "somebody",
  });
});

test("Expires and metadata come as they were put; the coding of the transport does not", async (t) => {
  const { aws, local } = await withObject(t);
  for (const [coding, wanted] of [
    ["aws-chunked", undefined],
    ["gzip,aws-chunked", "gzip"],
    ["AWS-Chunked , br, gzip", "br, gzip"],
    ["gzip", "gzip"],
  ] as const) {
    const headers = { "content-encoding": coding, expires: "0", "x-amz-meta-note": "a=b, ü" };
    local.objects.put({ bucket: BUCKET, key: "odd", body: "x", headers });
    for (const method of ["GET", "HEAD"] as const) {
      const answer = await aws.objects.open(method, BUCKET, "odd", {});
      assert.equal(answer.headers["content-encoding"], wanted, coding);
      assert.equal(answer.headers.expires, "0");
      assert.equal(answer.headers["x-amz-meta-note"], "a=b, ü");
      answer.body?.destroy();
    }
  }
});

test("an archived object is object_archived to GET, and told of to HEAD", async (t) => {
  const { aws, local } = await withObject(t);
  const put = (custody: object) =>
    local.objects.put({ bucket: BUCKET, key: "cold", body: "cold", custody });
  for (const [custody, headers] of [
    [{ storageClass: "GLACIER" }, { "x-amz-storage-class": "GLACIER" }],
    [
      { storageClass: "DEEP_ARCHIVE", restore: "ongoing" },
      { "x-amz-restore": 'ongoing-request="true"' },
    ],
    [
      { storageClass: "INTELLIGENT_TIERING", archiveStatus: "ARCHIVE_ACCESS" },
      { "x-amz-archive-status": "ARCHIVE_ACCESS" },
    ],
  ] as const) {
    put(custody);
    const problem = await problemOf(aws.objects.open("GET", BUCKET, "cold", {}));
    assert.deepEqual([problem.code, problem.status], ["object_archived", 409]);
    const head = await aws.objects.open("HEAD", BUCKET, "cold", {});
    for (const [name, value] of Object.entries(headers)) assert.equal(head.headers[name], value);
    assert.equal(head.headers["content-length"], "4");
  }
  put({ storageClass: "DEEP_ARCHIVE", restore: "done" });
  const restored = await aws.objects.open("GET", BUCKET, "cold", {});
  assert.equal(String(await bytesOf(restored.body)), "cold");
  const { objects } = await aws.objects.list(BUCKET, { prefix: "cold" });
  assert.equal(objects[0]?.storage_class, "DEEP_ARCHIVE");
});

test("an object under its owner's key is refused alike by GET and HEAD", async (t) => {
  const { aws, local } = await withObject(t);
  const custody = { customerKeyMd5: "md5 of a key that is not here" };
  local.objects.put({ bucket: BUCKET, key: "theirs", body: "x", custody });
  for (const method of ["GET", "HEAD"] as const) {
    const problem = await problemOf(aws.objects.open(method, BUCKET, "theirs", {}));
    assert.deepEqual([problem.code, problem.status], ["aws_rejected_request", 400]);
  }
});

test("a HEAD costs one call, also of what is not there; two where S3 leaves the reason open", async (t) => {
  const { aws, local } = await withObject(t);
  const callsOf = async (key: string) => {
    local.calls.reset();
    await aws.objects.open("HEAD", BUCKET, key, {}).catch(() => {});
    return local.calls.counts().byOperation;
  };
  assert.deepEqual(await callsOf("ten"), { "s3.HeadObject": 1 });
  assert.deepEqual(await callsOf("none"), { "s3.HeadObject": 1 });
  // as a role without s3:ListBucket is told of what is not there
  local.faults.set([{ kind: "refuse", service: "s3", code: "AccessDenied", status: 403 }]);
  assert.deepEqual(await callsOf("none"), { "s3.GetObject": 1, "s3.HeadObject": 1 });
});

test("a HEAD that is refused while a GET is not is an outage", async (t) => {
  const { aws, local } = await withObject(t);
  for (const status of [400, 403]) {
    const operation = "HeadObject";
    local.faults.set([{ kind: "refuse", service: "s3", operation, code: "Any", status }]);
    assert.equal((await problemOf(aws.objects.open("HEAD", BUCKET, "ten", {}))).code, "aws_error");
  }
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
  const page = aws.objects.list("no-bucket", { prefix: "" });
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

test("pages hold every object once, however short or empty S3 makes them", async (t) => {
  const rig = await openBuckets(t, BUCKET);
  const keys = Array.from({ length: 25 }, (_, i) => `p/${String(i).padStart(2, "0")} +%`);
  for (const key of [...keys, "other"]) await putObject(rig, BUCKET, key, key);
  rig.local.faults.set([{ kind: "shortPages", service: "s3" }]);
  const found: string[] = [];
  const sizes: number[] = [];
  let token: string | undefined;
  do {
    const page = await rig.aws.objects.list(BUCKET, { prefix: "p/", token });
    found.push(...page.objects.map(({ key }) => key));
    sizes.push(page.objects.length);
    token = page.nextToken;
  } while (token !== undefined);
  assert.deepEqual(found, keys);
  assert.ok(sizes.includes(0), String(sizes));
});

test("a list begins behind the key that it is asked to", async (t) => {
  const rig = await openBuckets(t, BUCKET);
  for (const key of ["a", "b/1", "b/2", "c", "\u{1f986}"]) await putObject(rig, BUCKET, key, key);
  const after = async (startAfter: string, delimiter?: "/") => {
    const page = await rig.aws.objects.list(BUCKET, { prefix: "", delimiter, startAfter });
    return [...page.objects.map(({ key }) => key), ...page.prefixes];
  };
  assert.deepEqual(await after("b/1"), ["b/2", "c", "\u{1f986}"]);
  assert.deepEqual(await after("a", "/"), ["c", "\u{1f986}", "b/"]);
  assert.deepEqual(await after("b/\u{10fffd}", "/"), ["c", "\u{1f986}"]);
  assert.deepEqual(await after("c\u{10fffd}"), ["\u{1f986}"]);
});

test("a delimiter rolls up, and prefixes are decoded as keys are", async (t) => {
  const rig = await openBuckets(t, BUCKET);
  for (const key of ["a +%/1", "a +%/2", "ü/1", "b"]) await putObject(rig, BUCKET, key, "12345");
  const page = await rig.aws.objects.list(BUCKET, { prefix: "", delimiter: "/" });
  assert.deepEqual(page.prefixes, ["a +%/", "ü/"]);
  assert.equal(page.nextToken, undefined);
  const [object] = page.objects;
  assert.deepEqual([page.objects.length, object?.key, object?.size], [1, "b", 5]);
  assert.match(object?.etag ?? "", /^"[0-9a-f]{32}"$/);
  assert.match(object?.last_modified ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});
