/** The buckets and objects of the acceptance tests on somebody else's S3. */
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";

export const SEED_REGION = "eu-west-1";

/**
 * What S3 tells beside the bytes, what the policy of these tests denies, and the versions of one object.
 *
 * @param isAsAws whether the server knows storage classes and the coding aws-chunked, as AWS's does.
 */
export async function seedObjects(s3: S3Client, { isAsAws }: { isAsAws: boolean }) {
  const CreateBucketConfiguration = { LocationConstraint: SEED_REGION } as const;
  const Bucket = "airlock-data-dev";
  for (const name of [Bucket, "airlock-logs-dev"]) {
    await s3.send(new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration }));
  }
  const put = (Key: string, Body: string, more: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
  await put("reports/a.txt", "an object", { CacheControl: "max-age=60, private" });
  await put("odd/headers", "plain", {
    Expires: new Date("2030-01-01T00:00:00Z"),
    Metadata: { owner: "somebody" },
    ...(isAsAws && { ContentEncoding: "aws-chunked", StorageClass: "STANDARD_IA" }),
  });
  await put("odd/archived", "cold", isAsAws ? { StorageClass: "GLACIER" } : {});
  for (const key of ["denied/a", "denied/b", "a.key", "z.key"]) await put(key, "LEAKED");
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  for (const body of ["first", "second"]) await put("odd/versions", body);
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "odd/versions" }));
  await put("odd/versions", "third");
  await put("odd/versions-of-another", "other");
}
