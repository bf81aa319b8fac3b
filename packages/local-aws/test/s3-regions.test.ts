// Regions of buckets: where they are made, what a signature for another region is told, and moves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LOCAL_AWS } from "@airlock/local-aws";
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { useBench } from "./harness.ts";

const bench = useBench();

/** The SDK of a region, against the one endpoint. */
function s3In(t: { after(work: () => void): void }, region: string): S3Client {
  const { session: credentials } = bench;
  const client = new S3Client({
    region,
    credentials,
    endpoint: bench.aws.url,
    forcePathStyle: true,
  });
  t.after(() => client.destroy());
  return client;
}

async function failureOf(work: Promise<unknown>): Promise<S3ServiceException> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof S3ServiceException, String(error));
  return error;
}

test("a bucket is made where its request says, and the list tells", async (t) => {
  await s3In(t, "us-east-1").send(new CreateBucketCommand({ Bucket: "signed-for-it" }));
  const CreateBucketConfiguration = { LocationConstraint: "ap-southeast-2" } as const;
  await bench
    .s3()
    .send(new CreateBucketCommand({ Bucket: "constrained", CreateBucketConfiguration }));
  const regionOf = async (BucketRegion?: string) =>
    Object.fromEntries(
      ((await bench.s3().send(new ListBucketsCommand({ BucketRegion }))).Buckets ?? []).map(
        (bucket) => [bucket.Name, bucket.BucketRegion],
      ),
    );
  const all = await regionOf();
  assert.equal(all["signed-for-it"], "us-east-1");
  assert.equal(all.constrained, "ap-southeast-2");
  assert.equal(all["airlock-data-dev"], LOCAL_AWS.region);
  assert.deepEqual(await regionOf("us-east-1"), { "signed-for-it": "us-east-1" });
});

for (const [misrouted, status, code] of [
  ["redirect", 301, "PermanentRedirect"],
  ["malformed", 400, "AuthorizationHeaderMalformed"],
] as const) {
  test(`signed for another region: ${status} ${code}, which names the right one`, async (t) => {
    const place = { bucket: "elsewhere", region: "us-east-1", misrouted };
    const placed = await fetch(`${bench.aws.url}/_control/buckets`, {
      method: "POST",
      body: JSON.stringify(place),
    });
    assert.deepEqual([placed.status, await placed.json()], [201, place]);
    const get = new GetObjectCommand({ Bucket: "elsewhere", Key: "key" });
    const refused = await failureOf(bench.s3().send(get));
    assert.deepEqual([refused.name, refused.$metadata.httpStatusCode], [code, status]);
    assert.equal(refused.$response?.headers["x-amz-bucket-region"], "us-east-1");
    const { Region } = refused as { Region?: string };
    assert.equal(Region, misrouted === "malformed" ? "us-east-1" : undefined);
    const head = new HeadBucketCommand({ Bucket: "elsewhere" });
    const nameless = await failureOf(bench.s3().send(head));
    assert.equal(nameless.$metadata.httpStatusCode, status);
    assert.equal(nameless.$response?.headers["x-amz-bucket-region"], "us-east-1");
    assert.equal((await s3In(t, "us-east-1").send(head)).BucketRegion, "us-east-1");
  });
}

test("a bucket that moves takes its objects along, and leaves a redirect", async (t) => {
  const get = new GetObjectCommand({ Bucket: "airlock-data-dev", Key: "readme.txt" });
  const before = await (await bench.s3().send(get)).Body?.transformToString();
  bench.aws.buckets.place({ bucket: "airlock-data-dev", region: "us-east-1" });
  assert.equal((await failureOf(bench.s3().send(get))).name, "PermanentRedirect");
  const after = await (await s3In(t, "us-east-1").send(get)).Body?.transformToString();
  assert.equal(after, before);
});

test("a region that is not enabled knows no session", async (t) => {
  const region = LOCAL_AWS.closedRegion;
  bench.aws.buckets.place({ bucket: "closed", region });
  const get = new GetObjectCommand({ Bucket: "closed", Key: "key" });
  assert.equal((await failureOf(bench.s3().send(get))).name, "PermanentRedirect");
  assert.equal((await failureOf(s3In(t, region).send(get))).name, "InvalidToken");
});

test("a region that AWS does not have is refused, by S3 with the one that it expects", async (t) => {
  for (const region of ["nowhere", "eu-west", "xx-east-1"]) {
    const { name, message, ...more } = await failureOf(
      s3In(t, region).send(new ListBucketsCommand({})),
    );
    assert.deepEqual(
      [name, (more as { Region?: string }).Region],
      ["AuthorizationHeaderMalformed", LOCAL_AWS.region],
    );
    assert.match(message, new RegExp(`the region '${region}' is wrong; expecting 'eu-west-1'$`));
    const { session: credentials } = bench;
    const ssm = new SSMClient({ region, endpoint: bench.aws.url, credentials });
    t.after(() => ssm.destroy());
    const value = ssm.send(new GetParameterCommand({ Name: "my-parameter" }));
    await assert.rejects(value, { name: "InvalidSignatureException" });
  }
});

test("a bad place names the member", async () => {
  const answer = await fetch(`${bench.aws.url}/_control/buckets`, {
    method: "POST",
    body: JSON.stringify({ bucket: "elsewhere", region: "US EAST" }),
  });
  const text = await answer.text();
  assert.deepEqual([answer.status, text.includes("region")], [400, true], text);
});
