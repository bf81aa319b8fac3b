/** Encrypts single values of a row under keys that only services hold (AES-256-GCM). */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import type { Sealed } from "./sealed.ts";

/** What is sealed: part of what is authenticated, so that no ciphertext can be moved elsewhere. */
export interface SealedPlace {
  readonly reservationId: string;
  readonly column: "env_vars" | "jupyter_token" | "host_key";
}

export interface Sealer {
  seal(place: SealedPlace, text: string): Sealed;
  /** @throws Error, without anything of the value, when no key fits or the place is another one. */
  open(place: SealedPlace, sealed: Sealed): string;
  /**
   * A hash that nobody without the key can guess the text from, however short that is: what was
   * asked for is compared without being opened.
   *
   * @returns `<key id>:<hex>`
   */
  fingerprint(text: string): string;
  /** @returns undefined when the key that the fingerprint was made with is not there any more. */
  hasFingerprint(text: string, fingerprint: string): boolean | undefined;
}

export interface SealingKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

const CIPHER = "aes-256-gcm";
/** NIST SP 800-38D §8.2.2: 96 random bits are good for 2^32 values under one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MAX_KEYS = 3;
const LINE = /^([A-Za-z0-9_.-]{1,32}):([A-Za-z0-9+/]{43}=)$/;

/**
 * Reads the text of a keys file: a line `<id>:<32 bytes in base64>` each, at most three. The first
 * one seals, all open. A new key is put last, and first only when every process has it: else what
 * one seals another could not open. An old one stays until nothing needs it.
 *
 * @throws Error that names a line and repeats nothing of it.
 */
export function parseSealingKeys(text: string): [SealingKey, ...SealingKey[]] {
  const lines = text.split("\n").map((line) => line.trim());
  const keys = lines.flatMap((line, index): SealingKey[] => {
    if (line === "" || line.startsWith("#")) return [];
    const [, id, key] = LINE.exec(line) ?? [];
    if (!id || !key) throw new Error(`line ${index + 1} is not <id>:<32 bytes in base64>`);
    return [{ id, key: Buffer.from(key, "base64") }];
  });
  const [first, ...more] = keys;
  if (!first || keys.length > MAX_KEYS) throw new Error("there must be one key, two or three");
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw new Error("an id is there twice");
  return [first, ...more];
}

/** @param keys the first one seals. */
export function createSealer(keys: readonly [SealingKey, ...SealingKey[]]): Sealer {
  const [first] = keys;
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  return {
    seal(place, text) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, first.key, nonce).setAAD(aadOf(place));
      const parts = [cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()];
      return {
        key_id: first.id,
        nonce: nonce.toString("base64"),
        ciphertext: Buffer.concat(parts).toString("base64"),
      };
    },
    open(place, sealed) {
      const key = byId.get(sealed.key_id);
      if (!key) throw new Error("the key that this was sealed with is not there");
      const bytes = Buffer.from(sealed.ciphertext, "base64");
      const nonce = Buffer.from(sealed.nonce, "base64");
      const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(aadOf(place)).setAuthTag(bytes.subarray(-TAG_BYTES));
      const start = decipher.update(bytes.subarray(0, -TAG_BYTES));
      return Buffer.concat([start, decipher.final()]).toString("utf8");
    },
    fingerprint: (text) => fingerprintOf(first, text),
    hasFingerprint(text, fingerprint) {
      const id = fingerprint.slice(0, fingerprint.lastIndexOf(":"));
      const key = byId.get(id);
      return key && fingerprintOf({ id, key }, text) === fingerprint;
    },
  };
}

/** Not with the key that encrypts: each purpose has its own (RFC 5869). */
function fingerprintOf({ id, key }: SealingKey, text: string): string {
  const own = Buffer.from(hkdfSync("sha256", key, "", "airlock wanted fingerprint", 32));
  return `${id}:${createHmac("sha256", own).update(text).digest("hex")}`;
}

const aadOf = ({ reservationId, column }: SealedPlace): Buffer =>
  Buffer.from(`${reservationId}/${column}`);
