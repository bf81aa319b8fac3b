// Checks an uploaded body against the digests that came with it, in a header or in a trailer.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html

import { createHash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { crc32Base64 } from "./bucket-store.ts";
import { badDigest } from "./s3-errors.ts";

const hashed = (algorithm: string) => (body: Buffer) =>
  createHash(algorithm).update(body).digest("base64");

/** Header → how it is computed. CRC32C and CRC64NVME pass unchecked: Node has neither. */
const CHECKSUMS: Readonly<Record<string, readonly [name: string, of: (body: Buffer) => string]>> = {
  "x-amz-checksum-crc32": ["CRC32", crc32Base64],
  "x-amz-checksum-sha1": ["SHA1", hashed("sha1")],
  "x-amz-checksum-sha256": ["SHA256", hashed("sha256")],
};

/** Throws BadDigest, or InvalidDigest for a Content-MD5 that is none. */
export function checkUpload(stated: Readonly<Record<string, string>>, body: Buffer): void {
  for (const [header, [name, compute]] of Object.entries(CHECKSUMS)) {
    const value = stated[header];
    if (value !== undefined && value !== compute(body)) throw badDigest(name);
  }
  const md5 = stated["content-md5"];
  if (md5 === undefined) return;
  if (Buffer.from(md5, "base64").length !== 16) {
    throw new AwsError("InvalidDigest", 400, "The Content-MD5 you specified was invalid.");
  }
  if (md5 !== hashed("md5")(body)) throw badDigest("Content-MD5");
}
