// ListObjectsV2 through the real S3 client.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import { refused, useBench } from "./harness.ts";

const bench = useBench();
const Bucket = "airlock-backups-dev";
const SEEDED = "db/full-0001.bin";

async function put(...keys: string[]): Promise<void> {
  const s3 = bench.s3();
  for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
}

async function list(input: Partial<ListObjectsV2CommandInput> = {}) {
  const answer = await bench.s3().send(new ListObjectsV2Command({ Bucket, ...input }));
  return {
    ...answer,
    keys: (answer.Contents ?? []).map(({ Key }) => Key),
    prefixes: (answer.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
  };
}

test("an entry states size, ETag and date", async () => {
  const { Contents, KeyCount, IsTruncated } = await list();
  assert.equal(KeyCount, 1);
  assert.equal(IsTruncated, false);
  assert.equal(Contents?.[0]?.Key, SEEDED);
  assert.equal(Contents?.[0]?.Size, Buffer.byteLength("not a real backup\n"));
  assert.match(Contents?.[0]?.ETag ?? "", /^"[0-9a-f]{32}"$/);
  assert.ok(Contents?.[0]?.LastModified instanceof Date);
});

test("keys come in the order of their UTF-8 bytes", async () => {
  await put("b", "B", "a/b", "a-b", "\u{1F600}", "\uFB01");
  assert.deepEqual((await list()).keys, ["B", "a-b", "a/b", "b", SEEDED, "\uFB01", "\u{1F600}"]);
});

test("a delimiter rolls keys up into common prefixes, each counted once", async () => {
  await put("logs/1", "logs/2", "top", "logs2/1");
  const { keys, prefixes, KeyCount } = await list({ Delimiter: "/" });
  assert.deepEqual(keys, ["top"]);
  assert.deepEqual(prefixes, ["db/", "logs/", "logs2/"]);
  assert.equal(KeyCount, 4);
  const inside = await list({ Delimiter: "/", Prefix: "logs/" });
  assert.deepEqual([inside.keys, inside.prefixes], [["logs/1", "logs/2"], []]);
});

test("every key comes once over pages of any size, rolled up or not", async () => {
  await put("a/", "a/1", "a/2/x", "a/2/y", "a/3", "b/1", "c");
  for (const input of [{}, { Delimiter: "/" }, { Delimiter: "/", Prefix: "a/" }]) {
    const whole = await list(input);
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
  assert.deepEqual((await list({ StartAfter: "a" })).keys, ["b", "c", SEEDED]);
});

test("encoding-type url encodes keys and prefixes", async () => {
  await put("a+b (c) ü.txt");
  const { keys, EncodingType } = await list({ EncodingType: "url", Prefix: "a+" });
  assert.deepEqual(keys, ["a%2Bb+%28c%29+%C3%BC.txt"]);
  assert.equal(EncodingType, "url");
});

test("a key with characters XML cannot hold survives the listing as a reference", async () => {
  await put("<&>\"'");
  assert.deepEqual((await list({ Prefix: "<" })).keys, ["<&>\"'"]);
});

test("asking for no keys at all is a complete, empty listing", async () => {
  const { keys, IsTruncated } = await list({ MaxKeys: 0 });
  assert.deepEqual([keys, IsTruncated], [[], false]);
});

test("a page never holds more than a thousand keys", async () => {
  const { MaxKeys } = await list({ MaxKeys: 5000 });
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
