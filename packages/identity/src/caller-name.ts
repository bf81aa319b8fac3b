/** The end caller's name on its way through a header: any text in, visible ASCII out, and back. */
import { hash } from "node:crypto";
import { percentEncode } from "./percent-encode.ts";

/** Longest value of the header, in characters. */
export const MAX_HEADER_LENGTH = 256;
/** Visible ASCII (RFC 9110 §5.5) except the percent sign, which opens an escape. */
const PLAIN = /^[\x21-\x24\x26-\x7e]{1,255}$/;
const ESCAPED = /^(?:[\x21-\x24\x26-\x7e]|%[0-9A-F]{2})+$/;
/** Of a digest that stands for the end of a cut name, at least this much is kept. */
const DIGEST_LENGTH = 32;

/**
 * Writes a caller's name as a header value of at most 256 characters: everything outside visible
 * ASCII becomes its UTF-8 bytes in percent-encoding.
 *
 * A longer name is cut and ends in `~` and as much of its SHA-256 as fits, so that two long names
 * that begin alike stay two callers. Only a cut name has exactly 256 characters.
 */
export function encodeCallerName(name: string): string {
  if (PLAIN.test(name)) return name;
  const pieces: string[] = [];
  let length = 0;
  let keptPieces = 0;
  let keptLength = 0;
  for (const character of name.toWellFormed()) {
    const piece = PLAIN.test(character) ? character : percentEncode(character);
    length += piece.length;
    if (length >= MAX_HEADER_LENGTH) {
      const digest = hash("sha256", name).slice(0, MAX_HEADER_LENGTH - 1 - keptLength);
      return `${pieces.slice(0, keptPieces).join("")}~${digest}`;
    }
    pieces.push(piece);
    if (length > MAX_HEADER_LENGTH - 1 - DIGEST_LENGTH) continue;
    keptPieces = pieces.length;
    keptLength = length;
  }
  return pieces.join("");
}

/** The name in a header value, or undefined when `encodeCallerName` could not have written it. */
export function decodeCallerName(value: string): string | undefined {
  if (PLAIN.test(value)) return value;
  if (value.length > MAX_HEADER_LENGTH || !ESCAPED.test(value)) return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined; // the bytes are no UTF-8
  }
}
