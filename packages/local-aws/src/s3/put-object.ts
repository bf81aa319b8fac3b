// PutObject: stores a body, plain or aws-chunked, with its metadata.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html

import { AwsError } from "../aws-error.ts";
import type { WireAnswer, WireRequest } from "../wire.ts";
import type { Call } from "../world.ts";
import { decodeAwsChunked } from "./aws-chunked.ts";
import { checkWriteCondition } from "./conditions.ts";
import { bucketOf, place } from "./s3-input.ts";
import { checkUpload } from "./upload-checksums.ts";

const KEPT_HEADERS = [
  "cache-control",
  "content-disposition",
  "content-language",
  "content-type",
  "expires",
];
const MAX_METADATA_BYTES = 2048;

export function putObject(call: Call): WireAnswer {
  const { request, world } = call;
  const bucket = bucketOf(call);
  const { key } = place(request);
  const headers = keptHeaders(request);
  const body = uploadedBody(request);
  checkWriteCondition(request.headers, bucket.objects.get(key));
  const object = world.buckets.put(bucket, key, body, headers, call.nowMs);
  return {
    status: 200,
    headers: {
      etag: object.etag,
      "x-amz-checksum-crc32": object.crc32,
      "x-amz-checksum-type": "FULL_OBJECT",
      "x-amz-server-side-encryption": "AES256",
    },
    body: "",
  };
}

/** The object's bytes, unframed and checked. Throws IncompleteBody, BadDigest, InvalidDigest, NotImplemented. */
function uploadedBody(request: WireRequest): Buffer {
  const payload = request.headers["x-amz-content-sha256"] ?? "";
  if (!payload.startsWith("STREAMING-")) {
    checkUpload(request.headers, request.body);
    return request.body;
  }
  if (payload !== "STREAMING-UNSIGNED-PAYLOAD-TRAILER") {
    throw new AwsError(
      "NotImplemented",
      501,
      `The payload kind ${payload} is not implemented; send STREAMING-UNSIGNED-PAYLOAD-TRAILER.`,
    );
  }
  const { body, trailers } = decodeAwsChunked(request.body);
  const stated = request.headers["x-amz-decoded-content-length"];
  if (stated !== undefined && Number(stated) !== body.length) {
    throw new AwsError(
      "IncompleteBody",
      400,
      "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header",
    );
  }
  checkUpload({ ...request.headers, ...trailers }, body);
  return body;
}

function keptHeaders(request: WireRequest): Record<string, string> {
  const kept: Record<string, string> = {};
  let metadataBytes = 0;
  for (const [name, value] of Object.entries(request.headers)) {
    const isMetadata = name.startsWith("x-amz-meta-");
    if (isMetadata) metadataBytes += name.length - "x-amz-meta-".length + Buffer.byteLength(value);
    if (isMetadata || KEPT_HEADERS.includes(name)) kept[name] = value;
  }
  if (metadataBytes > MAX_METADATA_BYTES) {
    throw new AwsError(
      "MetadataTooLarge",
      400,
      "Your metadata headers exceed the maximum allowed metadata size",
      { Size: String(metadataBytes), MaxSizeAllowed: String(MAX_METADATA_BYTES) },
    );
  }
  // The transport's own coding is not part of the object.
  const codings = (request.headers["content-encoding"] ?? "")
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "aws-chunked");
  if (codings.length > 0) kept["content-encoding"] = codings.join(",");
  return kept;
}
