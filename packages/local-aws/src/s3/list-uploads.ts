// ListParts and ListMultipartUploads: what of an upload is there, and which are under way.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html

import { queryValue } from "../wire.ts";
import type { Handler } from "../world.ts";
import { xmlDocument } from "../xml.ts";
import { byBytes } from "./bucket-store.ts";
import { uploadOf } from "./multipart.ts";
import { bucketOf, keyEncoder, queryNumber, S3_NAMESPACE, s3Xml } from "./s3-input.ts";

const MAX_ITEMS = 1000;
const PAGE = { otherwise: MAX_ITEMS, min: 0, max: 2 ** 31 - 1 };
const OWNER = { ID: "111122223333", DisplayName: "airlock" };

export const listParts: Handler = (call) => {
  const { id, bucket, key, beside, parts } = uploadOf(call);
  const maxParts = Math.min(queryNumber(call.request, "max-parts", PAGE), MAX_ITEMS);
  const after = queryNumber(call.request, "part-number-marker", { ...PAGE, otherwise: 0 });
  const following = [...parts].filter(([number]) => number > after).sort(([a], [b]) => a - b);
  const page = following.slice(0, maxParts);
  return s3Xml(
    xmlDocument(
      "ListPartsResult",
      {
        Bucket: bucket,
        Key: key,
        UploadId: id,
        Initiator: OWNER,
        Owner: OWNER,
        StorageClass: beside.custody.storageClass,
        PartNumberMarker: after,
        NextPartNumberMarker: page.at(-1)?.[0] ?? after,
        MaxParts: maxParts,
        IsTruncated: following.length > page.length,
        Part: page.map(([number, { body, etag, lastModifiedMs }]) => ({
          PartNumber: number,
          LastModified: new Date(lastModifiedMs).toISOString(),
          ETag: etag,
          Size: body.length,
        })),
      },
      S3_NAMESPACE,
    ),
  );
};

/** By key, and of one key the oldest first. */
export const listMultipartUploads: Handler = (call) => {
  const { request, world } = call;
  const bucket = bucketOf(call);
  const encode = keyEncoder(request);
  const prefix = queryValue(request, "prefix") ?? "";
  const keyMarker = queryValue(request, "key-marker") ?? "";
  const idMarker = queryValue(request, "upload-id-marker");
  const maxUploads = Math.min(queryNumber(request, "max-uploads", PAGE), MAX_ITEMS);
  const all = world.buckets.uploads
    .of(bucket.name)
    .filter(({ key }) => key.startsWith(prefix))
    .sort((a, b) => byBytes(a.key, b.key) || a.beganMs - b.beganMs);
  const atMarker = all.findIndex(({ key, id }) => key === keyMarker && id === idMarker);
  const following =
    atMarker >= 0 ? all.slice(atMarker + 1) : all.filter(({ key }) => byBytes(key, keyMarker) > 0);
  const page = following.slice(0, maxUploads);
  const last = following.length > page.length ? page.at(-1) : undefined;
  return s3Xml(
    xmlDocument(
      "ListMultipartUploadsResult",
      {
        Bucket: bucket.name,
        KeyMarker: encode(keyMarker),
        UploadIdMarker: idMarker ?? "",
        NextKeyMarker: last && encode(last.key),
        NextUploadIdMarker: last?.id,
        Prefix: encode(prefix),
        EncodingType: queryValue(request, "encoding-type"),
        MaxUploads: maxUploads,
        IsTruncated: last !== undefined,
        Upload: page.map(({ id, key, beganMs, beside }) => ({
          Key: encode(key),
          UploadId: id,
          Initiator: OWNER,
          Owner: OWNER,
          StorageClass: beside.custody.storageClass,
          Initiated: new Date(beganMs).toISOString(),
        })),
      },
      S3_NAMESPACE,
    ),
  );
};
