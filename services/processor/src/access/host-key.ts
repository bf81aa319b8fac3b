/** A host key: made before its pod, so that a client knows whom to expect. */
import { generateKeyPairSync, randomBytes } from "node:crypto";

export interface HostKey {
  /** As sshd reads it from a file (OpenSSH's PROTOCOL.key), without a passphrase. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string;
}

const TYPE = "ssh-ed25519";
const LINE_LENGTH = 70;
const BLOCK_BYTES = 8;

export function makeHostKey(): HostKey {
  const { d = "", x = "" } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const [seed, point] = [Buffer.from(d, "base64url"), Buffer.from(x, "base64url")];
  const blob = Buffer.concat([text(TYPE), text(point)]);
  const privateKey = pem(Buffer.concat([HEAD, text(blob), text(privatePart(seed, point))]));
  return { privateKey, publicKey: `${TYPE} ${blob.toString("base64")}` };
}

/** Strings and numbers as RFC 4251 §5 has them. */
function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** No cipher, no derivation of a key, one key. */
const HEAD = Buffer.concat([
  Buffer.from("openssh-key-v1\0"),
  text("none"),
  text("none"),
  text(""),
  uint32(1),
]);

function privatePart(seed: Buffer, point: Buffer): Buffer {
  // twice the same number: who has decrypted it wrongly sees two
  const check = randomBytes(4);
  const key = [text(TYPE), text(point), text(Buffer.concat([seed, point])), text("")];
  const part = Buffer.concat([check, check, ...key]);
  const missing = (BLOCK_BYTES - (part.length % BLOCK_BYTES)) % BLOCK_BYTES;
  return Buffer.concat([part, Buffer.from(Array.from({ length: missing }, (_, at) => at + 1))]);
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [];
  const name = "OPENSSH PRIVATE KEY";
  return `-----BEGIN ${name}-----\n${lines.join("\n")}\n-----END ${name}-----\n`;
}
