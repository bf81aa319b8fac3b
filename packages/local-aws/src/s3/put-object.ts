// PutObject: stores a body with its metadata.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html

import { AwsError } from "../aws-error.ts";
import type { WireAnswer, WireRequest } from "../wire.ts";
import type { Call } from "../world.ts";
import { currentOf } from "./bucket-store.ts";
import { checkWriteCondition } from "./conditions.ts";
import { type Custody, custodyHeaders, customerKeyOf, STORAGE_CLASSES } from "./custody.ts";
import { bucketOf, place } from "./s3-input.ts";
import { uploadedBody } from "./uploaded-body.ts";
import type { Beside } from "./uploads.ts";
import { versionHeader } from "./versions.ts";

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
  const put = keptBeside(request);
  const body = uploadedBody(request);
  checkWriteCondition(request.headers, key, currentOf(bucket, key));
  const object = world.buckets.put(bucket, key, body, put, call.nowMs);
  return {
    status: 200,
    headers: {
      etag: object.etag,
      "x-amz-checksum-crc32": object.crc32,
      "x-amz-checksum-type": "FULL_OBJECT",
      ...custodyHeaders(object.custody),
      ...versionHeader(bucket, object),
    },
    body: "",
  };
}

/** What a request says of the object beside its bytes. Throws InvalidStorageClass, MetadataTooLarge. */
export const keptBeside = (request: WireRequest): Beside => ({
  headers: keptHeaders(request),
  custody: custodyOf(request),
});

function custodyOf({ headers }: WireRequest): Custody {
  const wanted = headers["x-amz-storage-class"] ?? "STANDARD";
  const storageClass = STORAGE_CLASSES.find((one) => one === wanted);
  if (storageClass === undefined) {
    throw new AwsError("InvalidStorageClass", 400, "The storage class you specified is not valid", {
      StorageClassRequested: wanted,
    });
  }
  const customerKeyMd5 = customerKeyOf(headers);
  return { storageClass, ...(customerKeyMd5 !== undefined && { customerKeyMd5 }) };
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
  // The transport's own coding is not part of the object, unless the body came without its frames: a client that
  // names it all the same leaves it on the object.
  const isFramed = request.headers["x-amz-content-sha256"]?.startsWith("STREAMING-") ?? false;
  const codings = (request.headers["content-encoding"] ?? "")
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && !(isFramed && coding === "aws-chunked"));
  if (codings.length > 0) kept["content-encoding"] = codings.join(",");
  return kept;
}
