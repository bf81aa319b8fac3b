// The small operations: of buckets, their versioning, and DeleteObject.

import { AwsError } from "../aws-error.ts";
import { queryValue } from "../wire.ts";
import type { Handler } from "../world.ts";
import { xmlDocument } from "../xml.ts";
import { signedRegion } from "./bucket-region.ts";
import { bucketOf, place, S3_NAMESPACE, s3Xml } from "./s3-input.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, the rules for the form. */
export const BUCKET_NAME = /^(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/;

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
  const constraint = /<LocationConstraint>([a-z0-9-]+)<\/LocationConstraint>/.exec(
    request.body.toString(),
  )?.[1];
  world.buckets.create(bucket, nowMs, constraint ?? signedRegion(request));
  return { status: 200, headers: { location: `/${bucket}` }, body: "" };
};

export const headBucket: Handler = (call) => {
  const { region } = bucketOf(call);
  return { status: 200, headers: { "x-amz-bucket-region": region }, body: "" };
};

/** Answers 204 whether the key was there or not, as S3 does. */
export const deleteObject: Handler = (call) => {
  const bucket = bucketOf(call);
  const { key } = place(call.request);
  const versionId = queryValue(call.request, "versionId");
  if (versionId !== undefined) {
    call.world.buckets.deleteVersion(bucket, key, versionId);
    return { status: 204, headers: { "x-amz-version-id": versionId }, body: "" };
  }
  const mark = call.world.buckets.delete(bucket, key, call.nowMs);
  const headers = mark && { "x-amz-delete-marker": "true", "x-amz-version-id": mark.versionId };
  return { status: 204, headers: headers ?? {}, body: "" };
};

export const putBucketVersioning: Handler = (call) => {
  const bucket = bucketOf(call);
  const status = /<Status>(Enabled|Suspended)<\/Status>/.exec(call.request.body.toString())?.[1];
  if (status !== "Enabled" && status !== "Suspended") {
    throw new AwsError(
      "MalformedXML",
      400,
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  }
  call.world.buckets.setVersioning(bucket, status);
  return { status: 200, headers: {}, body: "" };
};

export const getBucketVersioning: Handler = (call) => {
  const { versioning } = bucketOf(call);
  const Status = versioning === "Off" ? undefined : versioning;
  return s3Xml(xmlDocument("VersioningConfiguration", { Status }, S3_NAMESPACE));
};
