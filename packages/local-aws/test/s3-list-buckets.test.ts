// ListBuckets, CreateBucket and HeadBucket through the real S3 client.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LOCAL_AWS } from "@airlock/local-aws";
import {
  CreateBucketCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  paginateListBuckets,
} from "@aws-sdk/client-s3";
import { refused, useBench } from "./harness.ts";

const bench = useBench();
const SEEDED = ["airlock-backups-dev", "airlock-data-dev", "airlock-logs-dev"];

test("all buckets come by name, with their date and region", async () => {
  const answer = await bench.s3().send(new ListBucketsCommand({}));
  assert.deepEqual(
    answer.Buckets?.map(({ Name }) => Name),
    SEEDED,
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
    SEEDED.map((name) => [name]),
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
