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

/**
 * A key as HMAC uses it (RFC 2104 §2): the blocks before the two hashes. Both take 4 µs; an Hmac of
 * node:crypto takes 38, nearly all of it to look up SHA-256, and there is one for each call.
 */
export interface SigningKey {
  readonly inner: Buffer;
  readonly outer: Buffer;
}

/** Derived along the scope: day, region, service, aws4_request. */
export function signingKey(secretAccessKey: string, scope: string): SigningKey {
  const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  const key = scope.split("/").reduce<Buffer>(hmac, Buffer.from(`AWS4${secretAccessKey}`));
  const padded = (byte: number) => Buffer.alloc(64, byte).map((pad, i) => pad ^ (key[i] ?? 0));
  return { inner: Buffer.from(padded(0x36)), outer: Buffer.from(padded(0x5c)) };
}

/** @param key of the same scope. */
export function signatureOf(
  canonicalRequest: string,
  date: string,
  scope: string,
  { inner, outer }: SigningKey,
): string {
  const toSign = `${ALGORITHM}\n${date}\n${scope}\n${hash("sha256", canonicalRequest)}`;
  const first = hash("sha256", Buffer.concat([inner, Buffer.from(toSign)]), "buffer");
  return hash("sha256", Buffer.concat([outer, first]));
}
