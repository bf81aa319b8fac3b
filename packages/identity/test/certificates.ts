/** Certificates for tests of TLS, made anew in each run: X.509 (RFC 5280) in as few lines as it takes. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import type { Certificate } from "@airlock/local-issuer";

export interface Authority {
  /** PEM. */
  readonly cert: string;
  /** Signs a certificate for host names and IPv4 addresses, good for the given days from yesterday on. */
  issue(names: readonly string[], days?: number): Certificate;
}

export function createAuthority(name = "test CA"): Authority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ca = [extension(OIDS.basicConstraints, sequence(der(BOOLEAN, TRUE)), TRUE)];
  return {
    cert: certify(name, keys.publicKey, name, keys.privateKey, 2, ca),
    issue(names, days = 2) {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const alternatives = extension(OIDS.subjectAltName, sequence(...names.map(alternativeName)));
      const cert = certify("test", publicKey, name, keys.privateKey, days, [alternatives]);
      return { cert, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
    },
  };
}

const [BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID, UTF8, UTC_TIME] = [
  0x01, 0x02, 0x03, 0x04, 0x06, 0x0c, 0x17,
];
const TRUE = Buffer.from([0xff]);
const OIDS = {
  commonName: Buffer.from("550403", "hex"),
  subjectAltName: Buffer.from("551d11", "hex"),
  basicConstraints: Buffer.from("551d13", "hex"),
  ecdsaWithSha256: Buffer.from("2a8648ce3d040302", "hex"),
};
const DAY_MS = 86_400_000;

function certify(
  subject: string,
  publicKey: KeyObject,
  issuer: string,
  privateKey: KeyObject,
  days: number,
  extensions: readonly Buffer[],
): string {
  const algorithm = sequence(der(OID, OIDS.ecdsaWithSha256));
  const from = Date.now() - DAY_MS;
  const content = sequence(
    der(0xa0, der(INTEGER, Buffer.from([2]))), // version 3
    der(INTEGER, Buffer.from([1]), randomBytes(8)),
    algorithm,
    named(issuer),
    sequence(time(from), time(from + days * DAY_MS)),
    named(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = der(BIT_STRING, Buffer.from([0]), sign("sha256", content, privateKey));
  const lines = sequence(content, algorithm, signature)
    .toString("base64")
    .match(/.{1,64}/g);
  return ["-----BEGIN CERTIFICATE-----", ...(lines ?? []), "-----END CERTIFICATE-----", ""].join(
    "\n",
  );
}

/** Tag, length and contents (X.690 §8.1). */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const bytes = body.length < 0x100 ? [body.length] : [body.length >> 8, body.length & 0xff];
  const isShort = body.length < 0x80;
  const length = isShort ? bytes : [0x80 + bytes.length, ...bytes];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...contents: readonly Buffer[]) => der(0x30, ...contents);
const named = (name: string) =>
  sequence(der(0x31, sequence(der(OID, OIDS.commonName), der(UTF8, Buffer.from(name)))));
const time = (ms: number) =>
  der(UTC_TIME, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, "").slice(2, 14)}Z`));
const extension = (id: Buffer, value: Buffer, critical?: Buffer) =>
  sequence(der(OID, id), ...(critical ? [der(BOOLEAN, critical)] : []), der(OCTET_STRING, value));
const alternativeName = (name: string) =>
  isIP(name) === 4
    ? der(0x87, Buffer.from(name.split(".").map(Number)))
    : der(0x82, Buffer.from(name));
