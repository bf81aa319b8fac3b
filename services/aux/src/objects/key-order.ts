/** The order of S3's lists, by the bytes of the keys in UTF-8, and places in it. */
import { MAX_KEY_BYTES } from "@airlock/contract";

/** Negative, zero or positive. In UTF-16, which JavaScript compares, some characters stand elsewhere. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const one = a.charCodeAt(at);
    const other = b.charCodeAt(at);
    if (one !== other) return rankOf(one) - rankOf(other);
  }
  return a.length - b.length;
}

const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;

/** Surrogates stand for the characters past all others. */
const rankOf = (unit: number): number =>
  unit >= FIRST_SURROGATE && unit <= LAST_SURROGATE ? unit + 0x10000 : unit;

/** The last characters of up to one, two, three and four bytes that any text may hold. */
const LAST_OF_BYTES = ["", "\u007f", "\u07ff", "\ufffd", "\u{10fffd}"] as const;

/** Behind all keys that begin so, but for odd ones that nobody has, and before those that follow. */
export function behindAll(prefix: string): string {
  const room = MAX_KEY_BYTES - Buffer.byteLength(prefix);
  return prefix + (LAST_OF_BYTES[Math.max(0, Math.min(room, 4))] ?? "");
}

/** Right before it, with nothing between but odd keys that nobody has. */
export function before(key: string): string {
  const characters = [...key];
  const last = characters.pop()?.codePointAt(0) ?? 0;
  const head = characters.join("");
  if (last === 0) return head;
  const previous = last - 1 === LAST_SURROGATE ? FIRST_SURROGATE - 1 : last - 1;
  return behindAll(head + String.fromCodePoint(previous));
}
