/** An SSH key of one's own, in OpenSSH's files. */
import { generateKeyPairSync, randomBytes } from "node:crypto";

export interface SshKeyFiles {
  /** `-----BEGIN OPENSSH PRIVATE KEY-----` and on; no passphrase. */
  readonly privateKey: string;
  /** One line. */
  readonly publicKey: string;
}

const TYPE = "ssh-ed25519";
/** Of a cipher; without one OpenSSH takes 8. */
const BLOCK_BYTES = 8;
const LINE = /.{1,70}/g;

export function newSshKey(comment: string): SshKeyFiles {
  const { privateKey } = generateKeyPairSync("ed25519");
  const { d = "", x = "" } = privateKey.export({ format: "jwk" });
  return sshKeyFiles(Buffer.from(d, "base64url"), Buffer.from(x, "base64url"), comment);
}

/**
 * OpenSSH reads no PKCS#8 of this type.
 * https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
 *
 * @param seed 32 bytes. @param publicBytes 32 bytes that belong to it.
 */
export function sshKeyFiles(
  seed: Buffer,
  publicBytes: Buffer,
  comment: string,
  check: Buffer = randomBytes(4),
): SshKeyFiles {
  const publicBlob = Buffer.concat([text(TYPE), text(publicBytes)]);
  const secret = Buffer.concat([
    // twice the same: how a wrong passphrase would be noticed
    check,
    check,
    publicBlob,
    text(Buffer.concat([seed, publicBytes])),
    text(comment),
  ]);
  const padding = (BLOCK_BYTES - (secret.length % BLOCK_BYTES)) % BLOCK_BYTES;
  const padded = Buffer.concat([
    secret,
    Buffer.from(Array.from({ length: padding }, (_, i) => i + 1)),
  ]);
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    text("none"),
    text("none"),
    text(""),
    number(1),
    text(publicBlob),
    text(padded),
  ]);
  const lines = file.toString("base64").match(LINE) ?? [];
  return {
    privateKey: [
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      ...lines,
      "-----END OPENSSH PRIVATE KEY-----",
      "",
    ].join("\n"),
    publicKey: `${TYPE} ${publicBlob.toString("base64")} ${comment}`,
  };
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length), bytes]);
}
