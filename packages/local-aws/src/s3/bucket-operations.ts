// The small operations: CreateBucket, HeadBucket, DeleteObject.

import { AwsError } from "../aws-error.ts";
import { LOCAL_AWS } from "../known-identities.ts";
import type { Handler } from "../world.ts";
import { bucketOf, place } from "./s3-input.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, the rules for the form. */
const BUCKET_NAME = /^(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/;

export const createBucket: Handler = ({ request, world, nowMs }) => {
  const { bucket } = place(request);
  if (!BUCKET_NAME.test(bucket)) {
    throw new AwsError("InvalidBucketName", 400, "The specified bucket is not valid.", {
      BucketName: bucket,
    });
  }
  if (world.buckets.find(bucket) !== undefined) {
    throw new AwsError(
      "BucketAlreadyOwnedByYou",
      409,
      "Your previous request to create the named bucket succeeded and you already own it.",
      { BucketName: bucket },
    );
  }
  world.buckets.create(bucket, nowMs);
  return { status: 200, headers: { location: `/${bucket}` }, body: "" };
};

export const headBucket: Handler = (call) => {
  bucketOf(call);
  return { status: 200, headers: { "x-amz-bucket-region": LOCAL_AWS.region }, body: "" };
};

/** Answers 204 whether the key was there or not, as S3 does. */
export const deleteObject: Handler = (call) => {
  call.world.buckets.delete(bucketOf(call), place(call.request).key);
  return { status: 204, headers: {}, body: "" };
};
