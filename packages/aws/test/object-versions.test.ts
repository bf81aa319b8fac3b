/** Versions of objects: listed in pages that tell of no other key, and read one by one. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
} from "@aws-sdk/client-s3";
import { problemOf } from "./harness.ts";
import { bytesOf, openBuckets, putObject, type S3Rig } from "./s3-harness.ts";

const BUCKET = "buckets";
const KEY = "a key +%";

async function openVersioned(t: TestContext): Promise<S3Rig> {
  const rig = await openBuckets(t, BUCKET);
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await rig.s3.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration }));
  return rig;
}

async function pagesOf({ aws }: S3Rig, limit: number) {
  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const page = await aws.objects.versions(BUCKET, KEY, { limit, after });
    pages.push(page.versions.map(({ version }) => version));
    after = page.next;
  } while (after !== undefined);
  return pages;
}

test("every version is listed, the newest first, and is read by its name", async (t) => {
  const rig = await openVersioned(t);
  for (const body of ["one", "two", "three"]) await putObject(rig, BUCKET, KEY, body);
  const { versions } = await rig.aws.objects.versions(BUCKET, KEY, { limit: 10 });
  const bodies: string[] = [];
  for (const { version } of versions) {
    const answer = await rig.aws.objects.open("GET", BUCKET, KEY, {}, { version });
    bodies.push(String(await bytesOf(answer.body)));
    assert.equal(answer.headers["x-amz-version-id"], version);
    const head = await rig.aws.objects.open("HEAD", BUCKET, KEY, {}, { version });
    assert.equal(head.headers["content-length"], String(bodies.at(-1)?.length));
  }
  assert.deepEqual(bodies, ["three", "two", "one"]);
  assert.deepEqual(
    versions.map(({ latest, deleted, size }) => [latest, deleted, size]),
    [
      [true, false, 5],
      [false, false, 3],
      [false, false, 3],
    ],
  );
});

test("a made-up version is not there, also for a server that breaks over it", async (t) => {
  const rig = await openVersioned(t);
  await putObject(rig, BUCKET, KEY, "one");
  const [{ version = "" } = {}] = (await rig.aws.objects.versions(BUCKET, KEY, { limit: 1 }))
    .versions;
  for (const operation of ["GetObject", "HeadObject"]) {
    rig.local.faults.set([{ kind: "error500", service: "s3", operation }]);
    const method = operation === "GetObject" ? "GET" : "HEAD";
    const codeOf = async (asked: string) =>
      (await problemOf(rig.aws.objects.open(method, BUCKET, KEY, {}, { version: asked }))).code;
    assert.equal(await codeOf("made up"), "object_not_found");
    assert.equal(await codeOf(version), "aws_error", "one that is there");
  }
  rig.local.faults.set([{ kind: "error500", service: "s3" }]);
  const lost = rig.aws.objects.open("GET", BUCKET, KEY, {}, { version: "made up" });
  assert.equal((await problemOf(lost)).code, "aws_error", "nothing is listed");
});

test("ranges and conditions are about the version that was asked for", async (t) => {
  const rig = await openVersioned(t);
  await putObject(rig, BUCKET, KEY, "0123456789");
  await putObject(rig, BUCKET, KEY, "abcdefghij");
  const { versions } = await rig.aws.objects.versions(BUCKET, KEY, { limit: 10 });
  const [, old] = versions;
  assert.ok(old?.etag);
  const conditions = { range: "bytes=2-4", ifRange: old.etag };
  const options = { version: old.version };
  const answer = await rig.aws.objects.open("GET", BUCKET, KEY, conditions, options);
  assert.deepEqual([answer.status, String(await bytesOf(answer.body))], [206, "234"]);
});

test("a deletion is a version that cannot be read, with GET as with HEAD", async (t) => {
  const rig = await openVersioned(t);
  await putObject(rig, BUCKET, KEY, "one");
  await rig.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: KEY }));
  const { versions } = await rig.aws.objects.versions(BUCKET, KEY, { limit: 10 });
  assert.deepEqual(
    versions.map(({ latest, deleted, size, etag }) => [latest, deleted, size, typeof etag]),
    [
      [true, true, undefined, "undefined"],
      [false, false, 3, "string"],
    ],
  );
  for (const method of ["GET", "HEAD"] as const) {
    for (const version of [undefined, versions[0]?.version, "none", "no such?", "null"]) {
      const read = rig.aws.objects.open(method, BUCKET, KEY, {}, { version });
      assert.equal((await problemOf(read)).code, "object_not_found", `${method} ${version}`);
    }
  }
});

test("pages of any size hold every version once, and lead to none that is empty", async (t) => {
  const rig = await openVersioned(t);
  for (let n = 0; n < 5; n++) await putObject(rig, BUCKET, KEY, String(n));
  await rig.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: KEY }));
  const all = (await rig.aws.objects.versions(BUCKET, KEY, { limit: 1000 })).versions;
  assert.equal(all.length, 6);
  // keys that begin so, one of them before anything else that S3 lists
  for (const other of [`${KEY}!`, `${KEY}/below`, `${KEY}z`]) {
    await putObject(rig, BUCKET, other, "other");
  }
  for (const limit of [1, 2, 3, 4, 5, 6, 7]) {
    const pages = await pagesOf(rig, limit);
    assert.deepEqual(pages.flat().sort(), all.map(({ version }) => version).sort());
    assert.deepEqual(
      pages.map(({ length }) => length),
      sizes(6, limit),
    );
  }
});

const sizes = (total: number, limit: number): number[] =>
  Array.from({ length: Math.ceil(total / limit) }, (_, page) =>
    Math.min(limit, total - page * limit),
  );

test("without versions there is one, called null", async (t) => {
  const rig = await openBuckets(t, BUCKET);
  await putObject(rig, BUCKET, KEY, "one");
  const { versions, next } = await rig.aws.objects.versions(BUCKET, KEY, { limit: 1 });
  assert.deepEqual([versions.map(({ version }) => version), next], [["null"], undefined]);
  const answer = await rig.aws.objects.open("GET", BUCKET, KEY, {}, { version: "null" });
  assert.equal(String(await bytesOf(answer.body)), "one");
});

test("a key that nobody has has no versions; a bucket is not there; an empty answer is an outage", async (t) => {
  const rig = await openVersioned(t);
  await putObject(rig, BUCKET, `${KEY}/below`, "other");
  assert.deepEqual(await rig.aws.objects.versions(BUCKET, KEY, { limit: 5 }), { versions: [] });
  const elsewhere = rig.aws.objects.versions("no-bucket", KEY, { limit: 5 });
  assert.equal((await problemOf(elsewhere)).code, "bucket_not_found");
  const operation = "ListObjectVersions";
  rig.local.faults.set([{ kind: "answer", service: "s3", operation }]);
  const empty = rig.aws.objects.versions(BUCKET, KEY, { limit: 5 });
  assert.equal((await problemOf(empty)).code, "aws_error");
  rig.local.faults.clear();
  await rig.s3.send(new ListObjectVersionsCommand({ Bucket: BUCKET }));
});

test("keys that a server does not encode, though it was asked to, are read as they are", async (t) => {
  const { aws, local } = await openVersioned(t);
  const version =
    "<VersionId>1</VersionId><IsLatest>true</IsLatest><ETag>&quot;e&quot;</ETag><Size>1</Size>" +
    "<LastModified>2026-01-01T00:00:00.000Z</LastModified>";
  const body =
    `<ListVersionsResult><IsTruncated>false</IsTruncated><Version><Key>${KEY}</Key>${version}` +
    "</Version></ListVersionsResult>";
  const operation = "ListObjectVersions";
  const contentType = "application/xml";
  local.faults.set([{ kind: "answer", service: "s3", operation, body, contentType }]);
  const { versions } = await aws.objects.versions(BUCKET, KEY, { limit: 5 });
  assert.deepEqual(
    versions.map((one) => one.version),
    ["1"],
  );
});
