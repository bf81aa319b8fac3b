/** The Range of a read (RFC 9110 §14.1.2): one, as S3 gives one at a time. */

/** From `first` on, to `last` with it or to the end; or the last `suffix` bytes. */
export type ByteRange =
  | { readonly first: number; readonly last?: number | undefined }
  | { readonly suffix: number };

/** Larger than every object, and still a number that every server reads. */
export const MAX_SIZE = Number.MAX_SAFE_INTEGER;

/**
 * Undefined where the whole object is the answer: without a range, with one in another unit, of several
 * parts, that cannot be read, or that ends before it begins.
 */
export function oneRange(field: string | undefined): ByteRange | undefined {
  const [, set = ""] = /^bytes=(.*)$/i.exec(field?.trim() ?? "") ?? [];
  const [spec, ...more] = set
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean);
  const [, from, to] = /^(\d*)-(\d*)$/.exec(spec ?? "") ?? [];
  if (more.length > 0 || from === undefined || to === undefined) return undefined;
  if (from === "") return to === "" ? undefined : { suffix: positionOf(to) };
  if (to === "") return { first: positionOf(from) };
  const range = { first: positionOf(from), last: positionOf(to) };
  return BigInt(to) < BigInt(from) ? undefined : range;
}

/** As it goes to S3. */
export const rangeText = (range: ByteRange): string =>
  "suffix" in range ? `bytes=-${range.suffix}` : `bytes=${range.first}-${range.last ?? ""}`;

/** Whether an object of this size has bytes in the range; an empty one is the last bytes of itself. */
export const isSatisfiable = (range: ByteRange, sizeBytes: number): boolean =>
  "suffix" in range ? range.suffix > 0 : range.first < sizeBytes;

const positionOf = (digits: string): number => Math.min(Number(digits), MAX_SIZE - 1);
