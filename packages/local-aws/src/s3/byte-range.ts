// The Range header of a read. RFC 9110 §14.1.2; S3 answers one range at a time.

import type { StoredObject } from "./bucket-store.ts";

export interface ByteRange {
  readonly first: number;
  /** Inclusive. */
  readonly last: number;
}

/**
 * Where a part is in the object that it was uploaded for; what came in one piece is its own first part, and one
 * without a byte the whole. "unsatisfiable" where there is no such part.
 */
export function rangeOfPart(
  partNumber: number,
  { body, partSizes = [body.length] }: StoredObject,
): ByteRange | "whole" | "unsatisfiable" {
  const size = partSizes[partNumber - 1];
  if (size === undefined) return "unsatisfiable";
  const first = partSizes.slice(0, partNumber - 1).reduce((sum, one) => sum + one, 0);
  return size === 0 ? "whole" : { first, last: first + size - 1 };
}

/** "whole" for no, a malformed or a multiple range, which S3 ignores; "unsatisfiable" asks for a 416. */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | "whole" | "unsatisfiable" {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
  const [, from, to] = match ?? [];
  if (from === undefined || to === undefined || (from === "" && to === "")) return "whole";
  if (from === "") {
    const length = Math.min(Number(to), sizeBytes);
    return length === 0 ? "unsatisfiable" : { first: sizeBytes - length, last: sizeBytes - 1 };
  }
  const first = Number(from);
  if (to !== "" && Number(to) < first) return "whole";
  if (first >= sizeBytes) return "unsatisfiable";
  return { first, last: to === "" ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1) };
}
