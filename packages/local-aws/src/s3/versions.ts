// Which version of an object a read is about.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/RetrievingObjectVersions.html

import { AwsError } from "../aws-error.ts";
import { type Bucket, isDeleted, type StoredObject, type Version } from "./bucket-store.ts";
import { invalidArgument, noSuchKey } from "./s3-errors.ts";

/** As S3 makes them, and `null`. */
const VERSION_ID = /^[A-Za-z0-9+/._-]{1,1024}$/;

/** Tells the version, in buckets that have them. */
export const versionHeader = (bucket: Bucket, { versionId }: Version): Record<string, string> =>
  bucket.versioning === "Off" ? {} : { "x-amz-version-id": versionId };

/**
 * The version asked for, or the newest. Throws NoSuchKey, NoSuchVersion, InvalidArgument, and MethodNotAllowed for
 * the mark that stands for a deletion.
 */
export function versionOf(
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): StoredObject {
  const versions = bucket.versions.get(key) ?? [];
  if (versionId !== undefined && !VERSION_ID.test(versionId)) {
    throw invalidArgument("Invalid version id specified", "versionId", versionId);
  }
  const found = versionId === undefined ? versions[0] : versions.find(isCalled(versionId));
  if (found === undefined) {
    throw versionId === undefined ? noSuchKey(key) : noSuchVersion(key, versionId);
  }
  if (!isDeleted(found)) return found;
  const headers = { "x-amz-delete-marker": "true", ...versionHeader(bucket, found) };
  if (versionId === undefined) throw noSuchKey(key, headers);
  throw new AwsError(
    "MethodNotAllowed",
    405,
    "The specified method is not allowed against this resource.",
    { Method: "GET", ResourceType: "DeleteMarker" },
    { ...headers, allow: "DELETE", "last-modified": new Date(found.lastModifiedMs).toUTCString() },
  );
}

const isCalled = (versionId: string) => (version: Version) => version.versionId === versionId;

const noSuchVersion = (key: string, versionId: string) =>
  new AwsError("NoSuchVersion", 404, "The specified version does not exist.", {
    Key: key,
    VersionId: versionId,
  });
