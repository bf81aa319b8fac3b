/** An issuer's public keys: read from a JWKS document, found by `kid` and algorithm. */
import type { JWK } from "jose";
import * as z from "zod";
import { KeysUnreadable } from "./key-failures.ts";
import type { Algorithm } from "./setting-fields.ts";

/** More keys than an issuer has any use for; each costs memory. */
const MAX_KEYS = 100;
/** A token that names no key is tried with a few, not with all that there may be. */
const MAX_CANDIDATES = 4;
/** RFC 7518 §3.3: RSA keys of 2048 bits or more. */
const MIN_RSA_BYTES = 256;

/** Only the public members are kept, whatever else the document shows (RFC 7517 §4, RFC 7518 §6). */
const text = z.string().max(4096).optional();
const Key = z.object({
  kty: z.enum(["RSA", "EC", "OKP"]),
  kid: text,
  alg: text,
  use: text,
  key_ops: z.array(z.string()).optional(),
  crv: text,
  n: text,
  e: text,
  x: text,
  y: text,
});
const Document = z.object({ keys: z.array(z.unknown()).max(MAX_KEYS) });
type Key = z.infer<typeof Key>;

/** Which keys an algorithm takes (RFC 7518 §3.1, RFC 8037 §3.1): `kty`, or `kty` and curve. */
const KINDS: Readonly<Record<Algorithm, string>> = {
  RS256: "RSA",
  RS384: "RSA",
  RS512: "RSA",
  PS256: "RSA",
  ES256: "EC P-256",
  ES384: "EC P-384",
  EdDSA: "OKP Ed25519",
};

export interface KeySet {
  readonly size: number;
  /** The keys that a token's header can mean; without a `kid` the first that fit. */
  find(kid: string | undefined, algorithm: Algorithm): readonly JWK[];
  /** Whether this very key is in the set. */
  has(key: JWK): boolean;
}

/**
 * Reads a JWKS document (RFC 7517 §5). Keys that are not for verifying, not asymmetric or too short
 * are passed over.
 *
 * @param known keys of the set before; one that is in both stays the same object, so what was
 * imported or verified with it stays valid.
 * @throws KeysUnreadable when there is no usable key; its message holds nothing of the document, which may
 * be a secret that was put in the wrong place.
 */
export function readKeySet(document: string, known?: ReadonlyMap<string, JWK>): KeySetWithKeys {
  const keys = new Map<string, JWK>();
  for (const entry of entriesOf(document)) {
    const { success, data } = Key.safeParse(entry);
    if (!success || !isForVerifying(data)) continue;
    const fingerprint = JSON.stringify(data);
    keys.set(fingerprint, known?.get(fingerprint) ?? (data as JWK));
  }
  if (keys.size === 0)
    throw new KeysUnreadable(
      "the JWKS document has no usable key; it must show one for signatures, RSA of 2048 bits at least, EC or OKP",
    );
  const members = new Set(keys.values());
  return {
    keys,
    size: keys.size,
    has: (key) => members.has(key),
    find: (kid, algorithm) =>
      [...members]
        .filter(
          (key) =>
            (kid === undefined || key.kid === kid) &&
            (key.alg === undefined || key.alg === algorithm) &&
            KINDS[algorithm] === kindOf(key),
        )
        .slice(0, MAX_CANDIDATES),
  };
}

const ELSEWHERE = "correct where the keys are read from";

export interface KeySetWithKeys extends KeySet {
  /** By fingerprint, for the next `readKeySet`. */
  readonly keys: ReadonlyMap<string, JWK>;
}

function entriesOf(document: string): readonly unknown[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(document);
  } catch {
    // the parser's own message quotes the text
    throw new KeysUnreadable(`the JWKS document is not JSON; ${ELSEWHERE}`);
  }
  const { success, data } = Document.safeParse(parsed);
  if (!success) {
    throw new KeysUnreadable(
      `the JWKS document has no list of at most ${MAX_KEYS} keys; ${ELSEWHERE}`,
    );
  }
  return data.keys;
}

function isForVerifying(key: Key): boolean {
  if (key.use !== undefined && key.use !== "sig") return false;
  if (key.key_ops !== undefined && !key.key_ops.includes("verify")) return false;
  if (key.kty !== "RSA") return true;
  return Buffer.from(key.n ?? "", "base64url").length >= MIN_RSA_BYTES;
}

const kindOf = (key: JWK): string => (key.kty === "RSA" ? "RSA" : `${key.kty} ${key.crv}`);
