// Uploads in parts: as the SDK makes them, what they become, what of them is refused, and reads of a part.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { refused, useBench } from "./harness.ts";

const bench = useBench();
const at = { Bucket: "airlock-data-dev", Key: "in parts/ü" };
const LARGE = Buffer.alloc(5 * 1024 * 1024, "a");
const SMALL = Buffer.from("the end");

const md5 = (bytes: Buffer) => createHash("md5").update(bytes).digest();

async function begin(Key = at.Key): Promise<string> {
  const { UploadId } = await bench.s3().send(
    new CreateMultipartUploadCommand({
      ...at,
      Key,
      ContentType: "text/plain",
      CacheControl: "max-age=60",
      Metadata: { owner: "somebody" },
    }),
  );
  assert.ok(UploadId);
  return UploadId;
}

async function send(UploadId: string, PartNumber: number, Body: Buffer) {
  const part = new UploadPartCommand({ ...at, UploadId, PartNumber, Body });
  const { ETag } = await bench.s3().send(part);
  return { PartNumber, ETag };
}

const complete = (UploadId: string, Parts: { PartNumber: number; ETag: string | undefined }[]) =>
  bench
    .s3()
    .send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }));

test("parts in any order become one object, with the ETag of its parts", async () => {
  const id = await begin();
  const last = await send(id, 7, SMALL);
  await send(id, 2, Buffer.from("replaced"));
  const first = await send(id, 2, LARGE);
  const done = await complete(id, [first, last]);
  const digest = createHash("md5")
    .update(Buffer.concat([md5(LARGE), md5(SMALL)]))
    .digest("hex");
  assert.equal(done.ETag, `"${digest}-2"`);
  const found = await bench.s3().send(new GetObjectCommand(at));
  assert.equal(found.ETag, done.ETag);
  assert.deepEqual(
    [found.ContentType, found.CacheControl, found.Metadata],
    ["text/plain", "max-age=60", { owner: "somebody" }],
  );
  const bytes = Buffer.from((await found.Body?.transformToByteArray()) ?? []);
  assert.ok(bytes.equals(Buffer.concat([LARGE, SMALL])));
  await refused(complete(id, [first, last]), "NoSuchUpload", 404);
});

test("a part is read by its number, and an object of one piece is its own", async () => {
  const id = await begin();
  await complete(id, [await send(id, 1, LARGE), await send(id, 2, SMALL)]);
  const get = (PartNumber: number) => bench.s3().send(new GetObjectCommand({ ...at, PartNumber }));
  const second = await get(2);
  assert.equal(second.$metadata.httpStatusCode, 206);
  assert.equal(second.PartsCount, 2);
  const size = LARGE.length + SMALL.length;
  assert.equal(second.ContentRange, `bytes ${LARGE.length}-${size - 1}/${size}`);
  assert.equal(await second.Body?.transformToString(), "the end");
  const head = await bench.s3().send(new HeadObjectCommand({ ...at, PartNumber: 1 }));
  assert.deepEqual([head.ContentLength, head.PartsCount], [LARGE.length, 2]);
  await refused(get(3), "InvalidPartNumber", 416);
  await refused(get(0), "InvalidArgument", 400);
  const both = new GetObjectCommand({ ...at, PartNumber: 1, Range: "bytes=0-1" });
  await refused(bench.s3().send(both), "InvalidRequest", 400);
  await bench.s3().send(new PutObjectCommand({ ...at, Body: "whole" }));
  const whole = await get(1);
  assert.deepEqual([await whole.Body?.transformToString(), whole.PartsCount], ["whole", undefined]);
  await refused(get(2), "InvalidPartNumber", 416);
});

test("an upload is listed with its parts until it is over, and is no object before", async () => {
  const id = await begin();
  const other = await begin("other");
  for (const number of [3, 1, 2]) await send(id, number, SMALL);
  await refused(bench.s3().send(new GetObjectCommand(at)), "NoSuchKey", 404);
  const parts = async (more: object) =>
    (await bench.s3().send(new ListPartsCommand({ ...at, UploadId: id, ...more }))) as {
      Parts?: { PartNumber?: number; Size?: number }[];
      IsTruncated?: boolean;
      NextPartNumberMarker?: string;
    };
  const page = await parts({ MaxParts: 2 });
  assert.deepEqual(
    page.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]),
    [
      [1, 7],
      [2, 7],
    ],
  );
  assert.deepEqual([page.IsTruncated, page.NextPartNumberMarker], [true, "2"]);
  const rest = await parts({ PartNumberMarker: "2" });
  assert.deepEqual([rest.Parts?.length, rest.IsTruncated], [1, false]);
  const uploads = async (more: object = {}) =>
    bench.s3().send(new ListMultipartUploadsCommand({ Bucket: at.Bucket, ...more }));
  const keys = ({ Uploads = [] }: { Uploads?: { Key?: string | undefined }[] | undefined }) =>
    Uploads.map(({ Key }) => Key);
  assert.deepEqual(keys(await uploads()), [at.Key, "other"]);
  const first = await uploads({ MaxUploads: 1 });
  assert.deepEqual([keys(first), first.IsTruncated], [[at.Key], true]);
  const next = { KeyMarker: first.NextKeyMarker, UploadIdMarker: first.NextUploadIdMarker };
  assert.deepEqual(keys(await uploads(next)), ["other"]);
  assert.deepEqual(keys(await uploads({ Prefix: "o" })), ["other"]);
  await bench.s3().send(new AbortMultipartUploadCommand({ ...at, UploadId: id }));
  const end = new AbortMultipartUploadCommand({ ...at, Key: "other", UploadId: other });
  await bench.s3().send(end);
  assert.deepEqual(keys(await uploads()), []);
  await refused(send(id, 1, SMALL), "NoSuchUpload", 404);
});

test("parts that are not there, too small or in disorder make no object", async () => {
  const id = await begin();
  const one = await send(id, 1, SMALL);
  const two = await send(id, 2, SMALL);
  await refused(complete(id, []), "MalformedXML", 400);
  await refused(complete(id, [two, one]), "InvalidPartOrder", 400);
  await refused(complete(id, [one, { PartNumber: 3, ETag: one.ETag }]), "InvalidPart", 400);
  await refused(complete(id, [{ ...one, ETag: `"${"0".repeat(32)}"` }]), "InvalidPart", 400);
  await refused(complete(id, [one, two]), "EntityTooSmall", 400);
  await refused(send(id, 10_001, SMALL), "InvalidArgument", 400);
  await refused(send("none", 1, SMALL), "NoSuchUpload", 404);
  const elsewhere = { ...at, Key: "elsewhere", UploadId: id };
  const part = new UploadPartCommand({ ...elsewhere, PartNumber: 1, Body: SMALL });
  await refused(bench.s3().send(part), "NoSuchUpload", 404);
  await complete(id, [one]);
});

test("a completed upload is conditional as a put is", async () => {
  const id = await begin();
  const Parts = [await send(id, 1, SMALL)];
  await bench.s3().send(new PutObjectCommand({ ...at, Body: "there" }));
  const ended = (more: object) =>
    bench.s3().send(
      new CompleteMultipartUploadCommand({
        ...at,
        UploadId: id,
        MultipartUpload: { Parts },
        ...more,
      }),
    );
  await refused(ended({ IfNoneMatch: "*" }), "PreconditionFailed", 412);
  await ended({ IfMatch: `"${md5(Buffer.from("there")).toString("hex")}"` });
});
