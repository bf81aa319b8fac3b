/**
 * The form of an API key: `gpud_`, 43 random base62 characters (256 bits), 6 of a checksum. The
 * checksum tells a mistyped or invented key from a real one without a database, and lets scanners
 * of leaked secrets be sure of what they found.
 */
import { hash, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

const PREFIX = "gpud_";
const RANDOM_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const SHOWN_LENGTH = 8;
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** What a key looks like, for scanners; the checksum says the rest. */
export const API_KEY_PATTERN = /^gpud_[0-9A-Za-z]{49}$/;

/** The part of a key that may be shown and stored: `gpud_` and 8 of its random characters. */
export const API_KEY_PREFIX_PATTERN = /^gpud_[0-9A-Za-z]{8}$/;

export interface NewApiKey {
  /** For its owner, once; stored nowhere. */
  readonly key: string;
  /** Names the key in lists and logs; 13 characters. */
  readonly prefix: string;
  /** SHA-256 of the key, 64 hex digits: what is stored. */
  readonly hash: string;
}

export function newApiKey(): NewApiKey {
  // randomInt rejects what would make some characters likelier than others
  const random = Array.from({ length: RANDOM_LENGTH }, () => BASE62.charAt(randomInt(62))).join("");
  const body = PREFIX + random;
  const key = body + checksum(body);
  return { key, prefix: body.slice(0, PREFIX.length + SHOWN_LENGTH), hash: hashApiKey(key) };
}

/** Whether a text has the form of a key and a checksum that is right. */
export function isApiKey(text: string): boolean {
  if (!API_KEY_PATTERN.test(text)) return false;
  const body = text.slice(0, -CHECKSUM_LENGTH);
  return text.endsWith(checksum(body));
}

/** SHA-256 in hex. No salt: nobody can try 2^256 keys, and a look-up needs one index. */
export const hashApiKey = (key: string): string => hash("sha256", key, "hex");

/** CRC-32 (IEEE 802.3) of prefix and random part in base62, zero padded. */
function checksum(body: string): string {
  let rest = crc32(body);
  let digits = "";
  for (let place = 0; place < CHECKSUM_LENGTH; place++) {
    digits = BASE62.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}
