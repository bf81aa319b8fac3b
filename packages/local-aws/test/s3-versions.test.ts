// Versions, archives and keys of the owner's, through the real S3 client.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { refused, type SdkError, useBench } from "./harness.ts";

const bench = useBench();
const Bucket = "airlock-data-dev";
const Key = "a versioned key";

const setVersioning = (Status: "Enabled" | "Suspended") =>
  bench.s3().send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
const put = async (Body: string, more: Partial<PutObjectCommandInput> = {}) =>
  (await bench.s3().send(new PutObjectCommand({ Bucket, Key, Body, ...more }))).VersionId;
const read = async (VersionId?: string) => {
  const answer = await bench.s3().send(new GetObjectCommand({ Bucket, Key, VersionId }));
  return [await answer.Body?.transformToString(), answer.VersionId];
};
const head = (VersionId?: string) =>
  bench.s3().send(new HeadObjectCommand({ Bucket, Key, VersionId }));
const remove = (VersionId?: string) =>
  bench.s3().send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
const listVersions = (more: object = {}) =>
  bench.s3().send(new ListObjectVersionsCommand({ Bucket, Prefix: Key, ...more }));

test("without versions there is one, called null, and no header tells of it", async () => {
  const { Status } = await bench.s3().send(new GetBucketVersioningCommand({ Bucket }));
  assert.equal(Status, undefined);
  assert.equal(await put("one"), undefined);
  assert.deepEqual(await read("null"), ["one", undefined]);
  const { Versions = [] } = await listVersions();
  assert.deepEqual(
    Versions.map(({ VersionId, IsLatest }) => [VersionId, IsLatest]),
    [["null", true]],
  );
});

test("each put is a version, a deletion a mark on top; one version goes for good", async () => {
  await put("before");
  await setVersioning("Enabled");
  const first = await put("first");
  const second = await put("second");
  assert.ok(first && second && first !== second);
  assert.deepEqual(await read(), ["second", second]);
  assert.deepEqual(await read(first), ["first", first]);
  assert.deepEqual(await read("null"), ["before", "null"]);

  const { DeleteMarker, VersionId: mark } = await remove();
  assert.equal(DeleteMarker, true);
  await refused(read(), "NoSuchKey", 404);
  await refused(read(mark), "MethodNotAllowed", 405);
  assert.deepEqual(await read(second), ["second", second]);
  const { Contents = [] } = await bench
    .s3()
    .send(new ListObjectsV2Command({ Bucket, Prefix: Key }));
  assert.deepEqual(Contents, []);
  const { Versions = [], DeleteMarkers = [] } = await listVersions();
  assert.deepEqual(
    [Versions.map(({ VersionId }) => VersionId), DeleteMarkers.map(({ VersionId }) => VersionId)],
    [[second, first, "null"], [mark]],
  );

  await remove(mark);
  await remove(second);
  assert.deepEqual(await read(), ["first", first]);
  await refused(read(second), "NoSuchVersion", 404);
  await refused(read("no such?"), "InvalidArgument", 400);
});

test("while suspended, what is put replaces the null version and nothing else", async () => {
  await setVersioning("Enabled");
  const first = await put("first");
  await setVersioning("Suspended");
  await put("second");
  await put("third");
  assert.deepEqual(await read(), ["third", "null"]);
  assert.deepEqual(await read(first), ["first", first]);
  assert.equal((await listVersions()).Versions?.length, 2);
});

test("the pages of versions hold each of them once, also those of longer keys", async () => {
  await setVersioning("Enabled");
  for (const body of ["1", "2", "3"]) await put(body);
  await put("other", { Key: `${Key}/below` });
  const found: unknown[] = [];
  let page: ListObjectVersionsCommandOutput | undefined;
  do {
    const markers = { KeyMarker: page?.NextKeyMarker, VersionIdMarker: page?.NextVersionIdMarker };
    page = await listVersions({ MaxKeys: 2, ...markers });
    for (const one of page.Versions ?? []) found.push([one.Key, one.Size, one.IsLatest]);
  } while (page.IsTruncated);
  assert.deepEqual(found, [
    [Key, 1, true],
    [Key, 1, false],
    [Key, 1, false],
    [`${Key}/below`, 5, true],
  ]);
});

test("an archived object is told of, and not read before it is restored", async () => {
  await put("cold", { StorageClass: "GLACIER" });
  assert.equal((await head()).StorageClass, "GLACIER");
  await refused(read(), "InvalidObjectState", 403);
  const place = { bucket: Bucket, key: Key, body: "cold" } as const;
  const custodyOf = (custody: object) => bench.aws.objects.put({ ...place, custody });
  custodyOf({ storageClass: "DEEP_ARCHIVE", restore: "ongoing" });
  assert.equal((await head()).Restore, 'ongoing-request="true"');
  await refused(read(), "InvalidObjectState", 403);
  custodyOf({ storageClass: "DEEP_ARCHIVE", restore: "done" });
  assert.match((await head()).Restore ?? "", /^ongoing-request="false", expiry-date=/);
  assert.equal((await read())[0], "cold");
  custodyOf({ storageClass: "INTELLIGENT_TIERING", archiveStatus: "ARCHIVE_ACCESS" });
  assert.equal((await head()).ArchiveStatus, "ARCHIVE_ACCESS");
  await refused(read(), "InvalidObjectState", 403);
});

test("an object under its owner's key is read with that key alone", async () => {
  const keyOf = (byte: number) => ({
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: Buffer.alloc(32, byte).toString("base64"),
  });
  const readWith = (key: object) => bench.s3().send(new GetObjectCommand({ Bucket, Key, ...key }));
  await put("mine", keyOf(1));
  await refused(read(), "InvalidRequest", 400);
  await assert.rejects(head(), (error: SdkError) => error.$metadata.httpStatusCode === 400);
  await refused(readWith(keyOf(2)), "AccessDenied", 403);
  assert.equal(await (await readWith(keyOf(1))).Body?.transformToString(), "mine");
  await put("everybody's");
  await refused(readWith(keyOf(1)), "InvalidRequest", 400);
});

test("aws-chunked stays on an object whose body came without the frames", async () => {
  bench.aws.objects.put({
    bucket: Bucket,
    key: Key,
    body: "plain",
    headers: { "content-encoding": "aws-chunked", expires: "0", "x-amz-meta-owner": "me" },
  });
  const answer = await bench.s3().send(new GetObjectCommand({ Bucket, Key }));
  assert.deepEqual(
    [answer.ContentEncoding, answer.ExpiresString, answer.Metadata],
    ["aws-chunked", "0", { owner: "me" }],
  );
});

test("shortPages makes the pages of objects short, often empty, and loses nothing", async () => {
  const keys = Array.from({ length: 9 }, (_, n) => `many/${n}`);
  bench.aws.objects.put({ bucket: Bucket, keys });
  bench.aws.faults.set([{ kind: "shortPages", service: "s3" }]);
  const found: unknown[] = [];
  const sizes: number[] = [];
  let ContinuationToken: string | undefined;
  do {
    const ask = { Bucket, Prefix: "many/", ContinuationToken };
    const page = await bench.s3().send(new ListObjectsV2Command(ask));
    found.push(...(page.Contents ?? []).map((one) => one.Key));
    sizes.push(page.Contents?.length ?? 0);
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  assert.deepEqual(found, keys);
  assert.ok(sizes.filter((size) => size === 0).length >= 3, String(sizes));
});
