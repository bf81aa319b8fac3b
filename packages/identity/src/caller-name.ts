/** The end caller's name on its way through headers: any text in, visible ASCII out, and back. */
import { hash } from "node:crypto";
import { CALLER_HEADER, DUPLICATED, singleHeader, WHOLE_CALLER_HEADER } from "./headers.ts";
import { percentEncode } from "./percent-encode.ts";

/** Longest name in the one header that the first release reads, as it is written there. */
const MAX_LENGTH = 255;
/** Longest name at all, as it is written: 1024 characters of ASCII, 455 of Chinese. */
const MAX_WHOLE_LENGTH = 4096;
/** Visible ASCII (RFC 9110 §5.5) except the percent sign, which opens an escape. */
const PLAIN = /^[\x21-\x24\x26-\x7e]{1,255}$/;
const ESCAPED = /^(?:[\x21-\x24\x26-\x7e]|%[0-9A-F]{2})+$/;
/** Of a digest that stands for the end of a cut name, at least this much is kept. */
const DIGEST_LENGTH = 32;

/** In the place of a name: `callerHeaders` cannot have written these headers. */
export const UNREADABLE = Symbol("unreadable caller");

/**
 * The headers that carry a name to the letter: everything outside visible ASCII stands there as its
 * UTF-8 bytes in percent-encoding.
 *
 * A name that needs more than 255 characters has a header of its own. Beside it stands what the
 * first release reads: the name cut, with `~` and as much of its SHA-256 as fits, so that two long
 * names that begin alike are two callers there too.
 *
 * @returns undefined for a name that is too long. It is not passed on cut alone, for a rule that
 * denies the whole name something would not be about it.
 */
export function callerHeaders(name: string): Readonly<Record<string, string>> | undefined {
  const whole = written(name);
  if (whole.length <= MAX_LENGTH) return { [CALLER_HEADER]: whole };
  if (whole.length > MAX_WHOLE_LENGTH) return undefined;
  return { [CALLER_HEADER]: cut(name), [WHOLE_CALLER_HEADER]: whole };
}

/** The name in a request's headers, undefined when there is none. */
export function callerIn(rawHeaders: readonly string[]): string | undefined | typeof UNREADABLE {
  const short = singleHeader(rawHeaders, CALLER_HEADER);
  const whole = singleHeader(rawHeaders, WHOLE_CALLER_HEADER);
  if (short === DUPLICATED || whole === DUPLICATED) return UNREADABLE;
  if (whole === undefined) return short === undefined ? undefined : read(short, MAX_LENGTH + 1);
  const name = whole.length > MAX_LENGTH ? read(whole, MAX_WHOLE_LENGTH) : UNREADABLE;
  // both were written of one name, or somebody has changed what the calling service sent
  return name !== UNREADABLE && short === cut(name) ? name : UNREADABLE;
}

function written(name: string): string {
  if (PLAIN.test(name)) return name;
  return [...name.toWellFormed()]
    .map((character) => (PLAIN.test(character) ? character : percentEncode(character)))
    .join("");
}

/** Has 256 characters, which no other name has. */
function cut(name: string): string {
  let kept = "";
  for (const character of name) {
    const piece = written(character);
    if (kept.length + piece.length > MAX_LENGTH - DIGEST_LENGTH) break;
    kept += piece;
  }
  return `${kept}~${hash("sha256", name).slice(0, MAX_LENGTH - kept.length)}`;
}

function read(value: string, maxLength: number): string | typeof UNREADABLE {
  if (PLAIN.test(value)) return value;
  if (value.length > maxLength || !ESCAPED.test(value)) return UNREADABLE;
  try {
    const name = decodeURIComponent(value);
    return written(name) === value ? name : UNREADABLE;
  } catch {
    return UNREADABLE; // the bytes are no UTF-8
  }
}
