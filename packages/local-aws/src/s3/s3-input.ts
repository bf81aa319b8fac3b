// Reads the bucket, the key and the numbers out of an S3 request.

import { AwsError } from "../aws-error.ts";
import { queryValue, type WireRequest } from "../wire.ts";
import type { Call } from "../world.ts";
import type { Bucket } from "./bucket-store.ts";
import { invalidArgument, noSuchBucket } from "./s3-errors.ts";

const MAX_PARTS = 10_000;

/** Bucket and key of a path-style path, decoded once; undefined where the encoding is broken. */
export function splitPath(path: string): { bucket: string; key: string } | undefined {
  const slash = path.indexOf("/", 1);
  try {
    return {
      bucket: decodeURIComponent(slash < 0 ? path.slice(1) : path.slice(1, slash)),
      key: slash < 0 ? "" : decodeURIComponent(path.slice(slash + 1)),
    };
  } catch {
    return undefined;
  }
}

/** The same for a handler. Throws InvalidURI. */
export function place(request: WireRequest): { bucket: string; key: string } {
  const found = splitPath(request.path);
  if (found === undefined)
    throw new AwsError("InvalidURI", 400, "Couldn't parse the specified URI.");
  if (Buffer.byteLength(found.key) > 1024) {
    throw new AwsError("KeyTooLongError", 400, "Your key is too long", {
      Size: String(Buffer.byteLength(found.key)),
      MaxSizeAllowed: "1024",
    });
  }
  return found;
}

/** The bucket a call names. Throws NoSuchBucket. */
export function bucketOf(call: Call): Bucket {
  const { bucket } = place(call.request);
  const found = call.world.buckets.find(bucket);
  if (found === undefined) throw noSuchBucket(bucket);
  return found;
}

/** A whole number from the query, `otherwise` when absent. Throws InvalidArgument outside the bounds. */
export function queryNumber(
  request: WireRequest,
  name: string,
  bounds: { otherwise: number; min: number; max: number },
): number {
  const text = queryValue(request, name);
  if (text === undefined || text === "") return bounds.otherwise;
  if (!/^-?\d{1,10}$/.test(text)) {
    throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, text);
  }
  const value = Number(text);
  if (value < bounds.min || value > bounds.max) {
    throw invalidArgument(
      `Argument ${name} must be an integer between ${bounds.min} and ${bounds.max}`,
      name,
      text,
    );
  }
  return value;
}

/** The number of a part of an upload. Throws InvalidArgument. */
export function partNumberOf(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= MAX_PARTS) return number;
  const message = `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`;
  throw invalidArgument(message, "partNumber", text);
}

/** How keys are written in a list. Throws InvalidArgument for an encoding that there is not. */
export function keyEncoder(request: WireRequest): (key: string) => string {
  const encoding = queryValue(request, "encoding-type");
  if (encoding === undefined) return (key) => key;
  if (encoding === "url") return urlEncode;
  throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", encoding);
}

/** As S3 encodes keys: a space becomes a plus, a slash and an asterisk stay. */
function urlEncode(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replaceAll("%2F", "/")
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function s3Xml(body: string) {
  return { status: 200, headers: { "content-type": "application/xml" }, body };
}

export const S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";
