/**
 * The conditions of a read, as RFC 9110 §13 has them. They are judged here by what S3 says of the object,
 * and none goes to S3: servers read them in different ways, and leave headers off what they answer instead.
 */
import { namesStrongly, namesWeakly } from "@airlock/contract";
import { httpDateMs } from "./http-date.ts";

/** As the client sent them. */
export interface ObjectConditions {
  readonly range?: string | undefined;
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: string | undefined;
  readonly ifUnmodifiedSince?: string | undefined;
  /** Says something beside a range alone, and to GET alone. */
  readonly ifRange?: string | undefined;
}

/** What S3 says of an object, by lower-case names. */
type Headers = Readonly<Record<string, string>>;

/** In the order of §13.2.2: a tag counts before a date, which then says nothing. */
export function verdictOn(
  conditions: ObjectConditions,
  headers: Headers,
): "send" | "unchanged" | "failed" {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  const { etag = "" } = headers;
  const modifiedMs = Date.parse(headers["last-modified"] ?? "");
  const isAfter = (date: string | undefined) => modifiedMs > (httpDateMs(date) ?? Infinity);
  const isUpTo = (date: string | undefined) => modifiedMs <= (httpDateMs(date) ?? -Infinity);
  const hasFailed =
    ifMatch === undefined ? isAfter(ifUnmodifiedSince) : !namesStrongly(ifMatch, etag);
  if (hasFailed) return "failed";
  const isKnown =
    ifNoneMatch === undefined ? isUpTo(ifModifiedSince) : namesWeakly(ifNoneMatch, etag);
  return isKnown ? "unchanged" : "send";
}

/** Whether a client that asks so may have the object already, and be told so. */
export const mayBeKnown = ({ ifNoneMatch, ifModifiedSince }: ObjectConditions): boolean =>
  ifNoneMatch !== undefined || ifModifiedSince !== undefined;

/** Whether anything but the range may decide what is answered. */
export const isConditional = ({ range: _, ...others }: ObjectConditions): boolean =>
  Object.values(others).some((one) => one !== undefined);

/** Strong ones alone (§8.8.3): a weak validator says nothing of bytes. */
const STRONG_TAG = /^"[\x21\x23-\x7e\x80-\xff]*"$/;

/**
 * If-Range (§13.1.5), which S3 does not know: whether the object is still the one that it names, by its tag,
 * or by its date to the second. What is weak, a list, or cannot be read names none.
 */
export function isOfRange(ifRange: string | undefined, headers: Headers): boolean {
  if (ifRange === undefined) return true;
  if (STRONG_TAG.test(ifRange)) return headers.etag === ifRange;
  return Date.parse(headers["last-modified"] ?? "") === httpDateMs(ifRange);
}

/** Whether If-Range can name any object at all. */
export const canBeOfRange = (ifRange: string | undefined): boolean =>
  ifRange === undefined || STRONG_TAG.test(ifRange) || httpDateMs(ifRange) !== undefined;

/** Of the headers of a 200, those that its 304 has (§15.4.5). */
const OF_UNCHANGED = ["cache-control", "etag", "expires", "last-modified"] as const;

export function headersOfUnchanged(headers: Headers): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of OF_UNCHANGED) {
    const value = headers[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
