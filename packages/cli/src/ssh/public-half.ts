/** The public half of a private key in OpenSSH's form, which holds it in clear. */

const BODY =
  /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/;
const MAGIC = "openssh-key-v1\0";

/** @returns a line for authorized_keys; undefined for what is no such key. */
export function publicHalfOf(privateKey: string): string | undefined {
  const file = Buffer.from(BODY.exec(privateKey)?.[1] ?? "", "base64");
  if (!file.subarray(0, MAGIC.length).equals(Buffer.from(MAGIC))) return undefined;
  try {
    let at = MAGIC.length;
    const next = () => {
      const length = file.readUInt32BE(at);
      const bytes = file.subarray(at + 4, at + 4 + length);
      at += 4 + length;
      return bytes;
    };
    // cipher, key derivation and its options; the number of keys
    for (let skipped = 0; skipped < 3; skipped++) next();
    at += 4;
    const blob = next();
    const type = blob.subarray(4, 4 + blob.readUInt32BE(0)).toString();
    return /^[a-z0-9@.-]+$/.test(type) ? `${type} ${blob.toString("base64")}` : undefined;
  } catch {
    return undefined;
  }
}
