// GetObject and HeadObject: bytes and metadata of one object, whole, in part, by the part of its upload, or on a condition.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html

import { AwsError } from "../aws-error.ts";
import { queryValue, type WireAnswer } from "../wire.ts";
import type { Call } from "../world.ts";
import type { StoredObject } from "./bucket-store.ts";
import { parseRange, rangeOfPart } from "./byte-range.ts";
import { readCondition } from "./conditions.ts";
import { checkArchive, checkCustomerKey, custodyHeaders } from "./custody.ts";
import { invalidArgument } from "./s3-errors.ts";
import { bucketOf, partNumberOf, place } from "./s3-input.ts";
import { versionHeader, versionOf } from "./versions.ts";

/** Query member → the answer's header it replaces. */
const OVERRIDES: Readonly<Record<string, string>> = {
  "response-cache-control": "cache-control",
  "response-content-disposition": "content-disposition",
  "response-content-encoding": "content-encoding",
  "response-content-language": "content-language",
  "response-content-type": "content-type",
  "response-expires": "expires",
};

/** Answers both operations: for a HEAD the exchange leaves the body out and keeps its length. */
export function getObject(call: Call): WireAnswer {
  const { request } = call;
  const bucket = bucketOf(call);
  const { key } = place(request);
  const object = versionOf(bucket, key, queryValue(request, "versionId"));
  checkCustomerKey(request.headers, object.custody);
  const identity = {
    etag: object.etag,
    "last-modified": new Date(object.lastModifiedMs).toUTCString(),
  };
  if (readCondition(request.headers, object) === "unchanged") {
    return { status: 304, headers: identity, body: "" };
  }
  if (request.method === "GET") checkArchive(object.custody);
  const headers: Record<string, string> = {
    ...object.headers,
    ...identity,
    "accept-ranges": "bytes",
    ...custodyHeaders(object.custody),
    ...versionHeader(bucket, object),
  };
  for (const [name, header] of Object.entries(OVERRIDES)) {
    const value = queryValue(request, name);
    if (value === undefined) continue;
    if (!/^[\t\x20-\x7e]*$/.test(value)) {
      throw invalidArgument("Header value cannot be represented", name, value);
    }
    headers[header] = value;
  }
  const partNumber = queryValue(request, "partNumber");
  if (partNumber !== undefined && object.partSizes !== undefined) {
    headers["x-amz-mp-parts-count"] = String(object.partSizes.length);
  }
  const range = askedRange(request.headers.range, partNumber, object);
  if (range === "whole") {
    // The checksum is of the whole object, so a part goes without it.
    if (request.headers["x-amz-checksum-mode"] === "ENABLED") {
      headers["x-amz-checksum-crc32"] = object.crc32;
      headers["x-amz-checksum-type"] = "FULL_OBJECT";
    }
    return { status: 200, headers, body: object.body };
  }
  headers["content-range"] = `bytes ${range.first}-${range.last}/${object.body.length}`;
  return { status: 206, headers, body: object.body.subarray(range.first, range.last + 1) };
}

function askedRange(
  range: string | undefined,
  partNumber: string | undefined,
  object: StoredObject,
) {
  if (partNumber === undefined) {
    const found = parseRange(range, object.body.length);
    if (found === "unsatisfiable") throw invalidRange(range ?? "", object);
    return found;
  }
  if (range !== undefined) {
    const message = "Cannot specify both Range header and partNumber query parameter";
    throw new AwsError("InvalidRequest", 400, message);
  }
  const found = rangeOfPart(partNumberOf(partNumber), object);
  if (found !== "unsatisfiable") return found;
  throw new AwsError("InvalidPartNumber", 416, "The requested partnumber is not satisfiable", {
    PartNumberRequested: partNumber,
    ActualPartCount: String(object.partSizes?.length ?? 1),
  });
}

function invalidRange(asked: string, object: StoredObject): AwsError {
  return new AwsError("InvalidRange", 416, "The requested range is not satisfiable", {
    RangeRequested: asked,
    ActualObjectSize: String(object.body.length),
  });
}
