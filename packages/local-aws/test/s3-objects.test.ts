// PutObject, GetObject, HeadObject and DeleteObject through the real S3 client.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { refused, useBench } from "./harness.ts";

const bench = useBench();
const Bucket = "airlock-data-dev";

const put = (Key: string, more: Omit<Partial<PutObjectCommandInput>, "Bucket" | "Key"> = {}) =>
  bench.s3().send(new PutObjectCommand({ Bucket, Key, Body: "body", ...more }));
const get = (Key: string) => bench.s3().send(new GetObjectCommand({ Bucket, Key }));
const bytes = async (Key: string) => (await (await get(Key)).Body?.transformToByteArray()) ?? [];

test("a seeded object comes with its type, its ETag and its bytes", async () => {
  const answer = await get("reports/2026/summary.json");
  const text = (await answer.Body?.transformToString()) ?? "";
  assert.deepEqual(JSON.parse(text), { orders: 42, ok: true });
  assert.equal(answer.ContentType, "application/json");
  assert.equal(answer.ContentLength, text.length);
  assert.equal(answer.ETag, `"${createHash("md5").update(text).digest("hex")}"`);
  assert.ok(answer.LastModified instanceof Date);
  assert.match(answer.ChecksumCRC32 ?? "", /^[\w+/]{6}==$/);
});

test("odd keys are kept to the letter", async () => {
  for (const key of ["a+b (c) ü.txt", "a b/../c", "//x//", "100%.txt", "q?x=1&y#z", "'!*()~"]) {
    await put(key, { Body: key });
    assert.equal(Buffer.from(await bytes(key)).toString(), key);
  }
});

test("metadata and headers are given back", async () => {
  await put("with-metadata", {
    Metadata: { owner: "team-1", note: "x y" },
    ContentType: "text/plain; charset=utf-8",
    CacheControl: "max-age=60",
    ContentDisposition: "attachment",
    ContentEncoding: "gzip",
  });
  const head = await bench.s3().send(new HeadObjectCommand({ Bucket, Key: "with-metadata" }));
  assert.deepEqual(head.Metadata, { owner: "team-1", note: "x y" });
  assert.equal(head.ContentType, "text/plain; charset=utf-8");
  assert.equal(head.CacheControl, "max-age=60");
  assert.equal(head.ContentDisposition, "attachment");
  assert.equal(head.ContentEncoding, "gzip");
  assert.equal(head.ContentLength, 4);
});

test("more than two kilobytes of metadata are refused", async () => {
  await refused(put("k", { Metadata: { big: "x".repeat(2046) } }), "MetadataTooLarge", 400);
});

test("a stream is sent in chunks and stored without their frames", async () => {
  const file = fileURLToPath(import.meta.url);
  await put("streamed", { Body: createReadStream(file, { highWaterMark: 100 }) });
  const [record] = bench.aws.calls.list();
  assert.equal(record?.status, 200);
  const answer = await get("streamed");
  assert.equal(await answer.Body?.transformToString(), await readFile(file, "utf8"));
  assert.equal(answer.ContentEncoding, undefined);
});

test("a body of several megabytes, announced by Expect, arrives whole", async () => {
  const body = Buffer.alloc(5_000_000, "0123456789");
  const { ETag } = await put("big", { Body: body });
  assert.equal(ETag, `"${createHash("md5").update(body).digest("hex")}"`);
});

test("an empty object is an object", async () => {
  await put("empty", { Body: Buffer.alloc(0) });
  assert.equal((await get("empty")).ContentLength, 0);
});

test("a digest that does not fit the body is refused and nothing is stored", async () => {
  const wrong = Buffer.alloc(16).toString("base64");
  await refused(put("bad", { ContentMD5: wrong }), "BadDigest", 400);
  await refused(put("bad", { ContentMD5: "short" }), "InvalidDigest", 400);
  await refused(put("bad", { ChecksumCRC32: "AAAAAA==" }), "BadDigest", 400);
  await refused(get("bad"), "NoSuchKey", 404);
});

test("a conditional write spares what is already there", async () => {
  const { ETag } = await put("once", { IfNoneMatch: "*" });
  await refused(put("once", { IfNoneMatch: "*" }), "PreconditionFailed", 412);
  assert.ok(ETag);
  await put("once", { IfMatch: ETag, Body: "next" });
  await refused(put("once", { IfMatch: ETag }), "PreconditionFailed", 412);
  await refused(put("never", { IfMatch: ETag }), "NoSuchKey", 404);
  await refused(put("never", { IfNoneMatch: ETag }), "NotImplemented", 501);
});

test("a deleted key is gone, and deleting it again is no error", async () => {
  await put("gone");
  await bench.s3().send(new DeleteObjectCommand({ Bucket, Key: "gone" }));
  const again = await bench.s3().send(new DeleteObjectCommand({ Bucket, Key: "gone" }));
  assert.equal(again.$metadata.httpStatusCode, 204);
  const error = await refused(get("gone"), "NoSuchKey", 404);
  assert.equal("Key" in error && error.Key, "gone");
});

test("a HEAD for a missing key or bucket is NotFound, without a body", async () => {
  const head = (bucket: string) =>
    bench.s3().send(new HeadObjectCommand({ Bucket: bucket, Key: "missing" }));
  await refused(head(Bucket), "NotFound", 404);
  await refused(head("no-such-bucket"), "NotFound", 404);
});

test("a key longer than 1024 bytes is refused", async () => {
  await refused(put("k".repeat(1025)), "KeyTooLongError", 400);
  await put("k".repeat(1024));
});

test("response members replace headers of the answer", async () => {
  const answer = await bench
    .s3()
    .send(new GetObjectCommand({ Bucket, Key: "readme.txt", ResponseContentType: "text/html" }));
  assert.equal(answer.ContentType, "text/html");
  const split = { Bucket, Key: "readme.txt", ResponseContentType: "a\r\nb: c" };
  await refused(bench.s3().send(new GetObjectCommand(split)), "InvalidArgument", 400);
});
