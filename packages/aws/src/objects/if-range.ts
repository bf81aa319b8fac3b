/** If-Range (RFC 9110 §13.1.5), which S3 does not know: a part of the same object, or the whole of another. */
import { translateAwsError } from "../errors.ts";
import { httpDate, type ObjectConditions, oneRange } from "./headers.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

interface Asking<T extends Answer> {
  head(conditions: ObjectConditions): Promise<T>;
  get(conditions: ObjectConditions): Promise<T>;
}

/** Strong ones alone (RFC 9110 §8.8.3): a weak validator says nothing of bytes. */
const STRONG_ETAG = /^"[\x21\x23-\x7e\x80-\xff]*"$/;

/**
 * Gets the range if the object is still the one that the validator names, the whole object if not:
 * also where the validator is weak, a list, or cannot be read.
 */
export async function underIfRange<T extends Answer>(
  { ifRange, ...conditions }: ObjectConditions,
  { head, get }: Asking<T>,
): Promise<T> {
  if (ifRange === undefined || !oneRange(conditions.range)) return get(conditions);
  const whole = { ...conditions, range: undefined };
  const isEtag = STRONG_ETAG.test(ifRange);
  const date = isEtag ? undefined : httpDate(ifRange);
  if (!isEtag && !date) return get(whole);
  let etag: string | undefined = ifRange;
  // S3 compares dates by their order and not for equality, and takes no second If-Match
  if (date || conditions.ifMatch !== undefined || conditions.ifUnmodifiedSince !== undefined) {
    const now = await head(whole);
    if (now.status === 304) return now;
    const isSame = date
      ? Date.parse(now.headers["last-modified"] ?? "") === date.getTime()
      : now.headers.etag === ifRange;
    etag = isSame ? now.headers.etag : undefined;
  }
  if (etag === undefined) return get(whole);
  try {
    return await get({ ...conditions, ifMatch: etag, ifUnmodifiedSince: undefined });
  } catch (error) {
    if (translateAwsError(error).code !== "precondition_failed") throw error;
    return get(whole);
  }
}
