// Names the S3 operation of a request and finds its handler.

import { queryValue, type WireRequest } from "../wire.ts";
import type { Handler } from "../world.ts";
import {
  createBucket,
  deleteObject,
  getBucketVersioning,
  headBucket,
  putBucketVersioning,
} from "./bucket-operations.ts";
import { getObject } from "./get-object.ts";
import { listBuckets } from "./list-buckets.ts";
import { listObjectVersions } from "./list-object-versions.ts";
import { listObjectsV2 } from "./list-objects-v2.ts";
import { listMultipartUploads, listParts } from "./list-uploads.ts";
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
} from "./multipart.ts";
import { putObject } from "./put-object.ts";
import { splitPath } from "./s3-input.ts";

export const S3_HANDLERS: Readonly<Record<string, Handler>> = {
  ListBuckets: listBuckets,
  CreateBucket: createBucket,
  HeadBucket: headBucket,
  ListObjectsV2: listObjectsV2,
  GetObject: getObject,
  HeadObject: getObject,
  PutObject: putObject,
  DeleteObject: deleteObject,
  ListObjectVersions: listObjectVersions,
  GetBucketVersioning: getBucketVersioning,
  PutBucketVersioning: putBucketVersioning,
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  ListParts: listParts,
  ListMultipartUploads: listMultipartUploads,
};

/** Query members that select another operation on the same path; none of those is answered here. */
const SUBRESOURCES = [
  "acl",
  "attributes",
  "cors",
  "delete",
  "encryption",
  "legal-hold",
  "lifecycle",
  "location",
  "logging",
  "notification",
  "object-lock",
  "ownershipControls",
  "policy",
  "policyStatus",
  "publicAccessBlock",
  "replication",
  "restore",
  "retention",
  "select",
  "tagging",
  "torrent",
  "website",
];

const ON_BUCKET: Readonly<Record<string, string>> = { PUT: "CreateBucket", HEAD: "HeadBucket" };
const ON_VERSIONING: Readonly<Record<string, string>> = {
  GET: "GetBucketVersioning",
  PUT: "PutBucketVersioning",
};
const ON_KEY: Readonly<Record<string, string>> = {
  GET: "GetObject",
  HEAD: "HeadObject",
  PUT: "PutObject",
  DELETE: "DeleteObject",
};

/** With `uploadId`. */
const ON_UPLOAD: Readonly<Record<string, string>> = {
  GET: "ListParts",
  PUT: "UploadPart",
  POST: "CompleteMultipartUpload",
  DELETE: "AbortMultipartUpload",
};

/** The operation, "Unknown" for those not answered here. */
export function s3Operation(request: WireRequest): string {
  if (request.path === "/") return request.method === "GET" ? "ListBuckets" : "Unknown";
  if (SUBRESOURCES.some((name) => request.query.has(name))) return "Unknown";
  if (request.headers["x-amz-copy-source"] !== undefined) return "Unknown";
  const place = splitPath(request.path);
  if (place !== undefined && place.key === "") {
    if (request.query.has("uploads")) {
      return request.method === "GET" ? "ListMultipartUploads" : "Unknown";
    }
    if (request.query.has("versioning")) return ON_VERSIONING[request.method] ?? "Unknown";
    if (request.query.has("versions")) {
      return request.method === "GET" ? "ListObjectVersions" : "Unknown";
    }
    if (request.method === "GET") {
      return queryValue(request, "list-type") === "2" ? "ListObjectsV2" : "Unknown";
    }
    return ON_BUCKET[request.method] ?? "Unknown";
  }
  if (request.query.has("uploads")) {
    return request.method === "POST" ? "CreateMultipartUpload" : "Unknown";
  }
  if (request.query.has("uploadId")) return ON_UPLOAD[request.method] ?? "Unknown";
  return ON_KEY[request.method] ?? "Unknown";
}

/** `bucket` or `bucket/key`, for the call log and refusals. */
export function s3Resource(request: WireRequest): string | undefined {
  const place = splitPath(request.path);
  if (place === undefined || place.bucket === "") return undefined;
  return place.key === "" ? place.bucket : `${place.bucket}/${place.key}`;
}
