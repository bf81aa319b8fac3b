/** SSH public keys as their owners send them: one line of `<type> <base64> [comment]`, no options before it. */
import { createPublicKey } from "node:crypto";

/** A line is this long at most: RSA of 16,384 bits and a comment. */
const LINE_LIMIT = 4096;
const LINE = /^([a-z0-9@.-]{1,64})[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]+(\S.*))?$/;
/** RFC 8017; sshd's RequiredRSASize refuses less, its library more (sshkey.h, SSH_RSA_MINIMUM_MODULUS_SIZE). */
const RSA_BITS = { min: 1024, max: 16_384 } as const;
const ED25519_BYTES = 32;

/** Of each curve: its name in JWK and the bytes of a coordinate. */
const CURVES = {
  nistp256: { crv: "P-256", bytes: 32 },
  nistp384: { crv: "P-384", bytes: 48 },
  nistp521: { crv: "P-521", bytes: 66 },
} as const;
type Curve = keyof typeof CURVES;

/** What stands between the type and the end of the blob, and whether it is a key. */
const TYPES: ReadonlyMap<string, (fields: Fields) => boolean> = new Map([
  ["ssh-ed25519", isEd25519],
  ["ssh-rsa", isRsa],
  ...(Object.keys(CURVES) as Curve[]).map(
    (curve) => [`ecdsa-sha2-${curve}`, (fields: Fields) => isEcdsa(fields, curve)] as const,
  ),
  ["sk-ssh-ed25519@openssh.com", (fields) => isEd25519(fields) && isApplication(fields)],
  [
    "sk-ecdsa-sha2-nistp256@openssh.com",
    (fields) => isEcdsa(fields, "nistp256") && isApplication(fields),
  ],
]);

export const SSH_KEY_TYPES: readonly string[] = [...TYPES.keys()];

/**
 * @returns the line as `authorized_keys` takes it, blanks around it left out; undefined for what is no
 * key that OpenSSH would take, and for options, which could do more than let somebody in.
 */
export function parseSshPublicKey(text: string): string | undefined {
  const line = text.trim();
  if (line.length > LINE_LIMIT || /\p{Cc}/u.test(line.replaceAll("\t", " "))) return undefined;
  if (!line.isWellFormed()) return undefined;
  const [, type = "", base64 = ""] = LINE.exec(line) ?? [];
  const isKey = TYPES.get(type);
  const blob = Buffer.from(base64, "base64");
  // what decodes is not always what was written: bits left over, padding that is missing
  if (!isKey || blob.toString("base64") !== base64) return undefined;
  const fields = fieldsOf(blob);
  const isWhole = fields.text() === type && isKey(fields) && fields.isAtEnd();
  return isWhole ? line : undefined;
}

/** The strings of a blob one by one (RFC 4251 §5); undefined from the first one that is cut off. */
interface Fields {
  next(): Buffer | undefined;
  text(): string | undefined;
  isAtEnd(): boolean;
}

function fieldsOf(blob: Buffer): Fields {
  let at = 0;
  const next = (): Buffer | undefined => {
    if (at + 4 > blob.length) return undefined;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return undefined;
    const field = blob.subarray(at + 4, end);
    at = end;
    return field;
  };
  return { next, text: () => next()?.toString("latin1"), isAtEnd: () => at === blob.length };
}

function isEd25519(fields: Fields): boolean {
  return fields.next()?.length === ED25519_BYTES;
}

function isRsa(fields: Fields): boolean {
  const [exponent, modulus] = [positive(fields.next()), positive(fields.next())];
  if (!exponent || !modulus) return false;
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  const isOdd = (number: Buffer) => ((number.at(-1) ?? 0) & 1) === 1;
  const isOne = exponent.length === 1 && exponent[0] === 1;
  return (
    bits >= RSA_BITS.min && bits <= RSA_BITS.max && isOdd(modulus) && isOdd(exponent) && !isOne
  );
}

/** An `mpint` above zero, in its shortest form, without the byte of its sign. */
function positive(field: Buffer | undefined): Buffer | undefined {
  const [first = 0, second = 0] = field ?? [];
  if (!field || field.length === 0 || first >= 0x80) return undefined;
  if (first !== 0) return field;
  return field.length > 1 && second >= 0x80 ? field.subarray(1) : undefined;
}

function isEcdsa(fields: Fields, curve: Curve): boolean {
  if (fields.text() !== curve) return false;
  const point = fields.next();
  const { crv, bytes } = CURVES[curve];
  // 4: both coordinates, uncompressed (RFC 5656 §3.1)
  if (point?.length !== 1 + 2 * bytes || point[0] !== 4) return false;
  const x = point.subarray(1, 1 + bytes).toString("base64url");
  const y = point.subarray(1 + bytes).toString("base64url");
  try {
    createPublicKey({ key: { kty: "EC", crv, x, y }, format: "jwk" });
    return true;
  } catch {
    return false; // no point of the curve
  }
}

/** What a security key was registered for, such as `ssh:`. */
function isApplication(fields: Fields): boolean {
  return /^[\x21-\x7e]{1,255}$/.test(fields.text() ?? "");
}
