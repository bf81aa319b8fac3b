// Where buckets are: refuses who signs for another region, and places buckets for the control endpoint.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html

import { z } from "zod";
import { readSignature } from "../auth/credential-scope.ts";
import { malformedRegion } from "../auth/regions.ts";
import { AwsError } from "../aws-error.ts";
import { LOCAL_AWS } from "../known-identities.ts";
import { refusal } from "../refusals.ts";
import type { WireRequest } from "../wire.ts";
import type { BucketStore } from "./bucket-store.ts";
import { splitPath } from "./s3-input.ts";

export const bucketPlace = z.strictObject({
  bucket: z.string().min(3).max(63),
  region: z.string().regex(/^[a-z0-9-]+$/),
  misrouted: z.enum(["redirect", "malformed"]).default("redirect"),
});

export type BucketPlace = z.input<typeof bucketPlace>;

/** Makes the bucket there, or moves it there with all that is in it. */
export function placeBucket(
  store: BucketStore,
  { bucket, region, misrouted }: z.output<typeof bucketPlace>,
  nowMs: number,
): void {
  store.setPlace(store.find(bucket) ?? store.create(bucket, nowMs), { region, misrouted });
}

/** The region that a request, whose signature was found good, was signed for. */
export function signedRegion(request: WireRequest): string {
  const parts = readSignature(request);
  return typeof parts === "string" ? LOCAL_AWS.region : parts.region;
}

/** Throws what S3 answers before it looks at who may do what. */
export function refuseOtherRegion(
  request: WireRequest,
  operation: string,
  buckets: BucketStore,
): void {
  const signed = signedRegion(request);
  const bucket = buckets.find(splitPath(request.path)?.bucket ?? "");
  if (bucket !== undefined && bucket.region !== signed && operation !== "CreateBucket") {
    const { name, region, misrouted } = bucket;
    const headers = { "x-amz-bucket-region": region };
    if (misrouted === "redirect") {
      const message =
        "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.";
      const details = { Endpoint: `${name}.s3.${region}.amazonaws.com`, Bucket: name };
      throw new AwsError("PermanentRedirect", 301, message, details, headers);
    }
    throw malformedRegion(signed, region, request.query.has("X-Amz-Signature"), headers);
  }
  if (signed === LOCAL_AWS.closedRegion) throw refusal("invalidToken", "s3");
}
