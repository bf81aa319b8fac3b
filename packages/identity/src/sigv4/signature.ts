/**
 * The arithmetic of Signature Version 4: date, scope, key and signature of a request that is canonical.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHmac, hash } from "node:crypto";

export const ALGORITHM = "AWS4-HMAC-SHA256";

export interface ScopeFields {
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly date: string;
  readonly region: string;
  /** As AWS signs it, such as `sts` or `execute-api`. */
  readonly service: string;
}

/** `YYYYMMDDTHHMMSSZ`. */
export const toAmzDate = (atMs: number): string =>
  new Date(atMs).toISOString().replace(/[-:]|\.\d{3}/g, "");

export const scopeOf = ({ date, region, service }: ScopeFields): string =>
  `${date.slice(0, 8)}/${region}/${service}/aws4_request`;

/** The signing key, derived along the scope: day, region, service, aws4_request. */
export const signingKey = (secretAccessKey: string, scope: string): Buffer =>
  scope.split("/").reduce<Buffer>(hmac, Buffer.from(`AWS4${secretAccessKey}`));

/** @param key of the same scope. */
export function signatureOf(
  canonicalRequest: string,
  date: string,
  scope: string,
  key: Buffer,
): string {
  const toSign = `${ALGORITHM}\n${date}\n${scope}\n${hash("sha256", canonicalRequest)}`;
  return createHmac("sha256", key).update(toSign).digest("hex");
}

const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
