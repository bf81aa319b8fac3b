// How an object is kept: its storage class, whether it lies in an archive, and whether its owner holds the key.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html

import { z } from "zod";
import { AwsError } from "../aws-error.ts";

export const STORAGE_CLASSES = [
  "STANDARD",
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER_IR",
  "GLACIER",
  "DEEP_ARCHIVE",
] as const;

export const custody = z.strictObject({
  storageClass: z.enum(STORAGE_CLASSES).default("STANDARD"),
  /** Of INTELLIGENT_TIERING: the archive that it has sunk into. */
  archiveStatus: z.enum(["ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"]).optional(),
  /** Of an archived object: being brought back, or there to be read for a while. */
  restore: z.enum(["ongoing", "done"]).optional(),
  /** MD5 of a key that only the owner has (SSE-C), in base64. */
  customerKeyMd5: z.string().min(1).optional(),
});
export type Custody = z.output<typeof custody>;

const ARCHIVES: readonly string[] = ["GLACIER", "DEEP_ARCHIVE"];
const RESTORED_UNTIL = "Fri, 31 Dec 2100 00:00:00 GMT";
const CUSTOMER_KEY = "x-amz-server-side-encryption-customer-key";

/** What a read tells of it; S3 leaves the usual class out. */
export function custodyHeaders(one: Custody): Record<string, string> {
  const encryption: Record<string, string> = one.customerKeyMd5
    ? {
        "x-amz-server-side-encryption-customer-algorithm": "AES256",
        "x-amz-server-side-encryption-customer-key-md5": one.customerKeyMd5,
      }
    : { "x-amz-server-side-encryption": "AES256" };
  return {
    ...encryption,
    ...(one.storageClass !== "STANDARD" && { "x-amz-storage-class": one.storageClass }),
    ...(one.archiveStatus && { "x-amz-archive-status": one.archiveStatus }),
    ...(one.restore === "ongoing" && { "x-amz-restore": 'ongoing-request="true"' }),
    ...(one.restore === "done" && {
      "x-amz-restore": `ongoing-request="false", expiry-date="${RESTORED_UNTIL}"`,
    }),
  };
}

/** Throws InvalidObjectState, which is for reading the bytes alone. */
export function checkArchive({ storageClass, archiveStatus, restore }: Custody): void {
  const isArchived = ARCHIVES.includes(storageClass) || archiveStatus !== undefined;
  if (!isArchived || restore === "done") return;
  throw new AwsError(
    "InvalidObjectState",
    403,
    "The operation is not valid for the object's storage class",
    { StorageClass: storageClass, ...(archiveStatus && { AccessTier: archiveStatus }) },
  );
}

/** Throws unless the key of the request is the one that the object was put with, or both have none. */
export function checkCustomerKey(
  headers: Readonly<Record<string, string>>,
  { customerKeyMd5 }: Custody,
): void {
  const given = customerKeyOf(headers);
  if (given === customerKeyMd5) return;
  if (customerKeyMd5 === undefined) {
    throw invalidRequest("The encryption parameters are not applicable to this object.");
  }
  if (given !== undefined) throw new AwsError("AccessDenied", 403, "Access Denied");
  throw invalidRequest(
    "The object was stored using a form of Server Side Encryption. The correct parameters must be " +
      "provided to retrieve the object.",
  );
}

/** MD5 of the key that a request carries, which is all that is ever kept of it. */
export const customerKeyOf = (headers: Readonly<Record<string, string>>): string | undefined =>
  headers[CUSTOMER_KEY] === undefined ? undefined : headers[`${CUSTOMER_KEY}-md5`];

const invalidRequest = (message: string) => new AwsError("InvalidRequest", 400, message);
