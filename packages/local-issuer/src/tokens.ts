/** What the local issuer's tokens are made of: its keys, and claims in the shape of Kubernetes. */
import { generateKeyPair, type KeyObject, randomUUID, sign } from "node:crypto";
import { promisify } from "node:util";
import { calculateJwkThumbprint, type JWK } from "jose";

/**
 * What a token says. Any further member overrides what the issuer would write; undefined leaves the
 * claim out.
 */
export interface TokenClaims {
  /** system:serviceaccount:gateway:gateway by default. */
  readonly sub?: string | undefined;
  /** `["aux"]` by default. */
  readonly aud?: string | readonly string[] | undefined;
  /** 3600 by default. */
  readonly ttlSeconds?: number;
  readonly [claim: string]: unknown;
}

/** RS256 is what clusters sign with by default; ES256 keys are made in no time. */
export type LocalAlgorithm = "RS256" | "ES256";

export interface SigningKey {
  readonly algorithm: LocalAlgorithm;
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: JWK;
}

const generate = promisify(generateKeyPair);

export async function newKey(algorithm: LocalAlgorithm): Promise<SigningKey> {
  const { privateKey, publicKey } =
    algorithm === "RS256"
      ? await generate("rsa", { modulusLength: 2048 })
      : await generate("ec", { namedCurve: "P-256" });
  const jwk = publicKey.export({ format: "jwk" }) as JWK;
  const kid = await calculateJwkThumbprint(jwk);
  return { algorithm, kid, privateKey, publicJwk: { ...jwk, kid, alg: algorithm, use: "sig" } };
}

/** A compact JWS (RFC 7515 §7.1), signed as the key does it whatever the header says. */
export function signToken(key: SigningKey, header: object, payload: object): string {
  const { algorithm, kid, privateKey } = key;
  const signed = `${encode({ alg: algorithm, kid, ...header })}.${encode(payload)}`;
  // RFC 7518 §3.4 wants R and S side by side; RSA takes no notice of the encoding
  const signature = sign("sha256", Buffer.from(signed), {
    key: privateKey,
    dsaEncoding: "ieee-p1363",
  });
  return `${signed}.${signature.toString("base64url")}`;
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** The claims of a projected token; see "Service account token volume projection" in Kubernetes. */
export function payloadOf(issuer: string, claims: TokenClaims, now: Date): object {
  const { ttlSeconds = 3600, ...said } = { sub: GATEWAY, aud: ["aux"], ...claims };
  const iat = Math.floor(now.getTime() / 1000);
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(String(said.sub));
  const kubernetes = account && {
    namespace: account[1],
    pod: { name: `${account[2]}-0`, uid: randomUUID() },
    serviceaccount: { name: account[2], uid: randomUUID() },
  };
  return {
    exp: iat + ttlSeconds,
    iat,
    iss: issuer,
    jti: randomUUID(),
    ...(kubernetes && { "kubernetes.io": kubernetes }),
    nbf: iat,
    ...said,
  };
}

const GATEWAY = "system:serviceaccount:gateway:gateway";
