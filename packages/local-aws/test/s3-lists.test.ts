// The listings of S3, of buckets and of objects, through the real client.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LOCAL_AWS } from "@airlock/local-aws";
import {
  CreateBucketCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  paginateListBuckets,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { refused, useBench } from "./harness.ts";

const bench = useBench();
const SEEDED_BUCKETS = ["airlock-backups-dev", "airlock-data-dev", "airlock-logs-dev"];

test("all buckets come by name, with their date and region", async () => {
  const answer = await bench.s3().send(new ListBucketsCommand({}));
  assert.deepEqual(
    answer.Buckets?.map(({ Name }) => Name),
    SEEDED_BUCKETS,
  );
  assert.ok(answer.Buckets?.[0]?.CreationDate instanceof Date);
  assert.equal(answer.Buckets?.[0]?.BucketRegion, LOCAL_AWS.region);
  assert.equal(answer.ContinuationToken, undefined);
});

test("pages of one bucket follow each other by continuation token", async () => {
  const pages: (string | undefined)[][] = [];
  const input = { MaxBuckets: 1 };
  for await (const page of paginateListBuckets({ client: bench.s3() }, input)) {
    pages.push((page.Buckets ?? []).map(({ Name }) => Name));
  }
  assert.deepEqual(
    pages,
    SEEDED_BUCKETS.map((name) => [name]),
  );
});

test("a prefix selects buckets", async () => {
  const answer = await bench.s3().send(new ListBucketsCommand({ Prefix: "airlock-l" }));
  assert.deepEqual(
    answer.Buckets?.map(({ Name }) => Name),
    ["airlock-logs-dev"],
  );
  assert.equal(answer.Prefix, "airlock-l");
});

test("a page size out of bounds and a foreign token are InvalidArgument", async () => {
  const s3 = bench.s3();
  await refused(s3.send(new ListBucketsCommand({ MaxBuckets: 0 })), "InvalidArgument", 400);
  await refused(s3.send(new ListBucketsCommand({ MaxBuckets: 10_001 })), "InvalidArgument", 400);
  const objects = await s3.send(
    new ListObjectsV2Command({ Bucket: "airlock-data-dev", MaxKeys: 1 }),
  );
  const ContinuationToken = objects.NextContinuationToken;
  assert.ok(ContinuationToken);
  await refused(s3.send(new ListBucketsCommand({ ContinuationToken })), "InvalidArgument", 400);
});

test("a created bucket is listed until the reset", async () => {
  const s3 = bench.s3();
  await s3.send(new CreateBucketCommand({ Bucket: "airlock-extra-dev" }));
  await s3.send(new HeadBucketCommand({ Bucket: "airlock-extra-dev" }));
  await refused(
    s3.send(new CreateBucketCommand({ Bucket: "airlock-extra-dev" })),
    "BucketAlreadyOwnedByYou",
    409,
  );
  await refused(
    s3.send(new CreateBucketCommand({ Bucket: "Not_A_Bucket" })),
    "InvalidBucketName",
    400,
  );
  bench.aws.reset();
  await refused(s3.send(new HeadBucketCommand({ Bucket: "airlock-extra-dev" })), "NotFound", 404);
});

const Bucket = "airlock-backups-dev";
const SEEDED_KEY = "db/full-0001.bin";

async function put(...keys: string[]): Promise<void> {
  const s3 = bench.s3();
  for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
}

async function listKeys(input: Partial<ListObjectsV2CommandInput> = {}) {
  const answer = await bench.s3().send(new ListObjectsV2Command({ Bucket, ...input }));
  return {
    ...answer,
    keys: (answer.Contents ?? []).map(({ Key }) => Key),
    prefixes: (answer.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
  };
}

test("an entry states size, ETag and date", async () => {
  const { Contents, KeyCount, IsTruncated } = await listKeys();
  assert.equal(KeyCount, 1);
  assert.equal(IsTruncated, false);
  assert.equal(Contents?.[0]?.Key, SEEDED_KEY);
  assert.equal(Contents?.[0]?.Size, Buffer.byteLength("not a real backup\n"));
  assert.match(Contents?.[0]?.ETag ?? "", /^"[0-9a-f]{32}"$/);
  assert.ok(Contents?.[0]?.LastModified instanceof Date);
});

test("keys come in the order of their UTF-8 bytes", async () => {
  await put("b", "B", "a/b", "a-b", "\u{1F600}", "\uFB01");
  assert.deepEqual((await listKeys()).keys, [
    "B",
    "a-b",
    "a/b",
    "b",
    SEEDED_KEY,
    "\uFB01",
    "\u{1F600}",
  ]);
});

test("a delimiter rolls keys up into common prefixes, each counted once", async () => {
  await put("logs/1", "logs/2", "top", "logs2/1");
  const { keys, prefixes, KeyCount } = await listKeys({ Delimiter: "/" });
  assert.deepEqual(keys, ["top"]);
  assert.deepEqual(prefixes, ["db/", "logs/", "logs2/"]);
  assert.equal(KeyCount, 4);
  const inside = await listKeys({ Delimiter: "/", Prefix: "logs/" });
  assert.deepEqual([inside.keys, inside.prefixes], [["logs/1", "logs/2"], []]);
});

test("every key comes once over pages of any size, rolled up or not", async () => {
  await put("a/", "a/1", "a/2/x", "a/2/y", "a/3", "b/1", "c");
  for (const input of [{}, { Delimiter: "/" }, { Delimiter: "/", Prefix: "a/" }]) {
    const whole = await listKeys(input);
    for (const pageSize of [1, 2, 3]) {
      const keys: unknown[] = [];
      const prefixes: unknown[] = [];
      const config = { client: bench.s3(), pageSize };
      for await (const page of paginateListObjectsV2(config, { Bucket, ...input })) {
        assert.ok((page.KeyCount ?? 0) <= pageSize);
        keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
        prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
      }
      assert.deepEqual([keys, prefixes], [whole.keys, whole.prefixes]);
    }
  }
});

test("start-after leaves out what comes before, and the key itself", async () => {
  await put("a", "b", "c");
  assert.deepEqual((await listKeys({ StartAfter: "a" })).keys, ["b", "c", SEEDED_KEY]);
});

test("encoding-type url encodes keys and prefixes", async () => {
  await put("a+b (c) ü.txt");
  const { keys, EncodingType } = await listKeys({ EncodingType: "url", Prefix: "a+" });
  assert.deepEqual(keys, ["a%2Bb+%28c%29+%C3%BC.txt"]);
  assert.equal(EncodingType, "url");
});

test("a key with characters XML cannot hold survives the listing as a reference", async () => {
  await put("<&>\"'");
  assert.deepEqual((await listKeys({ Prefix: "<" })).keys, ["<&>\"'"]);
});

test("asking for no keys at all is a complete, empty listing", async () => {
  const { keys, IsTruncated } = await listKeys({ MaxKeys: 0 });
  assert.deepEqual([keys, IsTruncated], [[], false]);
});

test("a page never holds more than a thousand keys", async () => {
  const { MaxKeys } = await listKeys({ MaxKeys: 5000 });
  assert.equal(MaxKeys, 1000);
});

test("bad arguments and unknown buckets are refused", async () => {
  const s3 = bench.s3();
  const send = (input: Partial<ListObjectsV2CommandInput>) =>
    s3.send(new ListObjectsV2Command({ Bucket, ...input }));
  await refused(send({ MaxKeys: -1 }), "InvalidArgument", 400);
  await refused(send({ ContinuationToken: "made-up" }), "InvalidArgument", 400);
  const error = await refused(send({ Bucket: "no-such-bucket" }), "NoSuchBucket", 404);
  assert.equal("BucketName" in error && error.BucketName, "no-such-bucket");
});
