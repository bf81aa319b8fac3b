// Range and conditional reads of GetObject and HeadObject.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
} from "@aws-sdk/client-s3";
import { refused, useBench } from "./harness.ts";

const bench = useBench();
const readme = { Bucket: "airlock-data-dev", Key: "readme.txt" };
const TEXT = "Seed data of the local stand-in.\n";

const get = (more: Partial<GetObjectCommandInput>) =>
  bench.s3().send(new GetObjectCommand({ ...readme, ...more }));

async function part(Range: string) {
  const answer = await get({ Range });
  return {
    status: answer.$metadata.httpStatusCode,
    range: answer.ContentRange,
    text: await answer.Body?.transformToString(),
  };
}

test("a range is answered with 206 and its place in the whole", async () => {
  assert.deepEqual(await part("bytes=0-3"), {
    status: 206,
    range: `bytes 0-3/${TEXT.length}`,
    text: "Seed",
  });
  assert.deepEqual(await part("bytes=5-"), {
    status: 206,
    range: `bytes 5-${TEXT.length - 1}/${TEXT.length}`,
    text: TEXT.slice(5),
  });
  assert.equal((await part("bytes=-3")).text, TEXT.slice(-3));
  assert.equal((await part("bytes=30-999")).text, TEXT.slice(30));
});

test("a range that is malformed or of several parts is answered with the whole", async () => {
  for (const range of ["bytes=5-2", "items=0-1", "bytes=0-1,3-4", "bytes=-"]) {
    assert.deepEqual(await part(range), { status: 200, range: undefined, text: TEXT });
  }
});

test("a range behind the end is 416 and states the size", async () => {
  for (const first of ["1000", "9".repeat(20)]) {
    const error = await refused(get({ Range: `bytes=${first}-` }), "InvalidRange", 416);
    assert.equal("ActualObjectSize" in error && error.ActualObjectSize, String(TEXT.length));
  }
});

test("an unchanged object is 304", async () => {
  const { ETag, LastModified } = await get({});
  assert.ok(ETag && LastModified);
  await refused(get({ IfNoneMatch: ETag }), "Unknown", 304);
  await refused(get({ IfModifiedSince: LastModified }), "Unknown", 304);
  const head = bench.s3().send(new HeadObjectCommand({ ...readme, IfNoneMatch: ETag }));
  await refused(head, "Unknown", 304);
});

test("a changed object is sent", async () => {
  const { LastModified } = await get({ IfNoneMatch: '"0123"' });
  const earlier = new Date(Number(LastModified) - 60_000);
  assert.equal((await get({ IfModifiedSince: earlier })).$metadata.httpStatusCode, 200);
});

test("a precondition that does not hold is 412", async () => {
  const { ETag, LastModified } = await get({});
  assert.ok(ETag && LastModified);
  await get({ IfMatch: ETag });
  await refused(get({ IfMatch: '"0123"' }), "PreconditionFailed", 412);
  await refused(get({ IfMatch: `W/${ETag}` }), "PreconditionFailed", 412);
  const earlier = new Date(Number(LastModified) - 60_000);
  await refused(get({ IfUnmodifiedSince: earlier }), "PreconditionFailed", 412);
});

test("an ETag decides over a date", async () => {
  const { ETag, LastModified } = await get({});
  assert.ok(ETag && LastModified);
  const earlier = new Date(Number(LastModified) - 60_000);
  await get({ IfMatch: ETag, IfUnmodifiedSince: earlier });
  const both = await get({ IfNoneMatch: '"0123"', IfModifiedSince: LastModified });
  assert.equal(both.$metadata.httpStatusCode, 200);
});
