// Uploads in parts: begun, fed, completed into one object, or given up.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html

import { AwsError } from "../aws-error.ts";
import { queryValue } from "../wire.ts";
import type { Call, Handler } from "../world.ts";
import { xmlDocument } from "../xml.ts";
import { currentOf, etagOf } from "./bucket-store.ts";
import { checkWriteCondition } from "./conditions.ts";
import { custodyHeaders } from "./custody.ts";
import { keptBeside } from "./put-object.ts";
import { noSuchUpload } from "./s3-errors.ts";
import { bucketOf, partNumberOf, place, S3_NAMESPACE, s3Xml } from "./s3-input.ts";
import { uploadedBody } from "./uploaded-body.ts";
import { etagOfParts, type Part, type Upload } from "./uploads.ts";
import { versionHeader } from "./versions.ts";

/** Of every part but the last. */
const LEAST_PART_BYTES = 5 * 1024 * 1024;

/** The upload that a call is about. Throws NoSuchBucket, NoSuchUpload. */
export function uploadOf(call: Call): Upload {
  const bucket = bucketOf(call);
  const { key } = place(call.request);
  const id = queryValue(call.request, "uploadId") ?? "";
  const upload = call.world.buckets.uploads.find(bucket.name, key, id);
  if (upload === undefined) throw noSuchUpload(id);
  return upload;
}

export const createMultipartUpload: Handler = (call) => {
  const bucket = bucketOf(call);
  const { key } = place(call.request);
  const beside = keptBeside(call.request);
  const { id } = call.world.buckets.uploads.begin(bucket.name, key, beside, call.nowMs);
  const result = { Bucket: bucket.name, Key: key, UploadId: id };
  const answer = s3Xml(xmlDocument("InitiateMultipartUploadResult", result, S3_NAMESPACE));
  const { "x-amz-storage-class": _, ...headers } = custodyHeaders(beside.custody);
  return { ...answer, headers: { ...answer.headers, ...headers } };
};

/** A part that comes again stands in place of the first. */
export const uploadPart: Handler = (call) => {
  const upload = uploadOf(call);
  const number = partNumberOf(queryValue(call.request, "partNumber") ?? "");
  const body = uploadedBody(call.request);
  const etag = etagOf(body);
  upload.parts.set(number, { body, etag, lastModifiedMs: call.nowMs });
  return { status: 200, headers: { etag }, body: "" };
};

export const completeMultipartUpload: Handler = (call) => {
  const bucket = bucketOf(call);
  const upload = uploadOf(call);
  const { key, beside } = upload;
  const parts = namedParts(upload, call.request.body.toString());
  checkWriteCondition(call.request.headers, key, currentOf(bucket, key));
  const sizes = parts.map(({ body }) => body.length);
  const put = { ...beside, parts: { etag: etagOfParts(parts), sizes } };
  const body = Buffer.concat(parts.map((part) => part.body));
  const object = call.world.buckets.put(bucket, key, body, put, call.nowMs);
  call.world.buckets.uploads.end(upload);
  const host = call.request.headers.host ?? "";
  const result = {
    Location: `http://${host}${call.request.path}`,
    Bucket: bucket.name,
    Key: key,
    ETag: object.etag,
  };
  const answer = s3Xml(xmlDocument("CompleteMultipartUploadResult", result, S3_NAMESPACE));
  return { ...answer, headers: { ...answer.headers, ...versionHeader(bucket, object) } };
};

export const abortMultipartUpload: Handler = (call) => {
  call.world.buckets.uploads.end(uploadOf(call));
  return { status: 204, headers: {}, body: "" };
};

/** The parts that the request names, in its order. Throws MalformedXML, InvalidPart, InvalidPartOrder, EntityTooSmall. */
function namedParts(upload: Upload, xml: string): Part[] {
  const named = [...xml.matchAll(/<Part>([\s\S]*?)<\/Part>/g)].map(([, part = ""]) => ({
    number: Number(/<PartNumber>\s*(\d{1,5})\s*<\/PartNumber>/.exec(part)?.[1]),
    etag: /<ETag>\s*(?:"|&quot;)?([0-9a-f]+)(?:"|&quot;)?\s*<\/ETag>/.exec(part)?.[1],
  }));
  if (named.length === 0 || named.some(({ number }) => Number.isNaN(number))) {
    throw new AwsError(
      "MalformedXML",
      400,
      "The XML you provided was not well-formed or did not validate against our published schema",
    );
  }
  if (named.some(({ number }, index) => index > 0 && number <= (named[index - 1]?.number ?? 0))) {
    const message =
      "The list of parts was not in ascending order. Parts must be ordered by part number.";
    throw new AwsError("InvalidPartOrder", 400, message, { UploadId: upload.id });
  }
  const parts = named.map(({ number, etag }) => {
    const part = upload.parts.get(number);
    if (part?.etag === `"${etag}"`) return part;
    const message =
      "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
    const details = { UploadId: upload.id, PartNumber: String(number), ETag: etag ?? "" };
    throw new AwsError("InvalidPart", 400, message, details);
  });
  const isTooSmall = ({ body }: Part) => body.length < LEAST_PART_BYTES;
  const at = parts.slice(0, -1).findIndex(isTooSmall);
  const small = parts[at];
  if (small === undefined) return parts;
  throw new AwsError(
    "EntityTooSmall",
    400,
    "Your proposed upload is smaller than the minimum allowed size",
    {
      ProposedSize: String(small.body.length),
      MinSizeAllowed: String(LEAST_PART_BYTES),
      PartNumber: String(named[at]?.number),
      ETag: small.etag,
    },
  );
}
