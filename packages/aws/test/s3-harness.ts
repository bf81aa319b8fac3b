import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type Rig, startReadyRig } from "./harness.ts";

export interface S3Rig extends Rig {
  /** A client of the tests' own. */
  readonly s3: S3Client;
}

/** A rig with an empty bucket of this name. */
export async function openBuckets(t: TestContext, bucket: string): Promise<S3Rig> {
  const rig = await startReadyRig(t);
  const s3 = new S3Client({
    region: "eu-west-1",
    endpoint: rig.local.url,
    credentials: async () => rig.aws.session.credentials(),
  });
  t.after(() => s3.destroy());
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  return { ...rig, s3 };
}

export async function putObject(
  { s3 }: S3Rig,
  bucket: string,
  key: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<void> {
  await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentType: headers["content-type"],
      ContentDisposition: headers["content-disposition"],
      ContentLanguage: headers["content-language"],
      CacheControl: headers["cache-control"],
      Metadata: { owner: "somebody" },
    }),
  );
}

export async function bytesOf(body: Readable | null): Promise<Buffer> {
  return body ? buffer(body) : Buffer.alloc(0);
}
