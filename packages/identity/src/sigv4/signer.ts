/** Signs what goes to an API of API Gateway that asks for IAM: synchronously, from memory. */
import { hash } from "node:crypto";
import type { AwsKeys } from "../aws-login/sign-identity-request.ts";
import { canonicalRequest } from "./canonical-request.ts";
import {
  ALGORITHM,
  type SigningKey,
  scopeOf,
  signatureOf,
  signingKey,
  toAmzDate,
} from "./signature.ts";

/** A request that is about to be sent. */
export interface Outgoing {
  readonly method: string;
  /** Path and query as they go on the wire, a prefix included. */
  readonly path: string;
  /** Name, value, name, value, …; names in lower case. */
  readonly headers: readonly string[];
  readonly body?: string | Buffer | undefined;
}

/** What to send instead of an Outgoing's path and headers. */
export interface Signed {
  readonly path: string;
  readonly headers: string[];
}

export type Sign = (outgoing: Outgoing) => Signed;

/** What a call does that is signed. */
export interface Signing {
  /** From memory. @throws NoSessionError where there is no session; then nothing may be sent. */
  readonly sign: Sign;
  /**
   * AWS, not the service behind, has refused a call.
   *
   * @param errorType such as ExpiredTokenException.
   * @param atMs when, by AWS's clock, in milliseconds since the epoch; NaN when it does not say.
   */
  refused(errorType: string, atMs: number): void;
  /** AWS has let a call through. */
  accepted(): void;
}

export interface SignerOptions {
  /** As the request names it: with its port where that is not the scheme's own. */
  readonly host: string;
  readonly region: string;
  /** The keys to sign with now. @throws NoSessionError */
  readonly credentials: () => AwsKeys;
  /** Milliseconds since the epoch, as AWS counts them. */
  readonly nowMs: () => number;
}

const SERVICE = "execute-api";
const NO_BODY = hash("sha256", "");
/** Not ours to send: the signature brings its own. */
const REPLACED: ReadonlySet<string> = new Set([
  "authorization",
  "host",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-security-token",
]);
/** Whoever is behind the API believes these, and so must know that they are signed. */
const OWN = "x-airlock-";
/** What somebody on the way could turn to his use; the rest may change there (RFC 9110 §7.6). */
const isSigned = (name: string): boolean =>
  name === "content-type" || name === "x-request-id" || name.startsWith(OWN);

/**
 * Adds, or replaces, `host`, `x-amz-date`, `x-amz-content-sha256`, `x-amz-security-token` and
 * `authorization`. The last does not reach what is behind an API; so the query names the signed headers
 * of ours: `x-airlock-signed=x-airlock-caller.x-airlock-client`.
 */
export function createSigner({ host, region, credentials, nowMs }: SignerOptions): Sign {
  const keyOf = dailyKey(region);
  return ({ method, path: asked, headers, body }) => {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials();
    const date = toAmzDate(nowMs());
    const payloadHash = body ? hash("sha256", body) : NO_BODY;
    const signed = new Map([
      ["host", host],
      ["x-amz-content-sha256", payloadHash],
      ["x-amz-date", date],
    ]);
    if (sessionToken !== undefined) signed.set("x-amz-security-token", sessionToken);
    const sent: string[] = [];
    for (const [name, value] of signed) sent.push(name, value);
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const [name = "", value = ""] = [headers[i], headers[i + 1]];
      if (REPLACED.has(name)) continue;
      sent.push(name, value);
      if (!isSigned(name)) continue;
      const before = signed.get(name);
      signed.set(name, before === undefined ? value : `${before},${value}`);
    }
    const path = withSignedNames(asked, signed);
    const canonical = canonicalRequest({ method, target: path, headers: signed, payloadHash });
    const { scope, key } = keyOf(secretAccessKey, date);
    const signature = signatureOf(canonical.text, date, scope, key);
    const proof = `Credential=${accessKeyId}/${scope}, SignedHeaders=${canonical.signedHeaders}, Signature=${signature}`;
    sent.push("authorization", `${ALGORITHM} ${proof}`);
    return { path, headers: sent };
  };
}

/** Of unreserved characters alone: nobody on the way has anything to encode. */
function withSignedNames(path: string, signed: ReadonlyMap<string, string>): string {
  let names = "";
  for (const name of [...signed.keys()].sort()) {
    if (name.startsWith(OWN)) names += names === "" ? name : `.${name}`;
  }
  if (names === "") return path;
  return `${path}${path.includes("?") ? "&" : "?"}x-airlock-signed=${names}`;
}

interface DayKey {
  readonly secret: string;
  readonly day: string;
  readonly scope: string;
  readonly key: SigningKey;
}

/** A key is derived once for a day and a session: that takes four of the five HMACs. */
function dailyKey(region: string) {
  let known: DayKey | undefined;
  return (secret: string, date: string): DayKey => {
    const day = date.slice(0, 8);
    if (known?.secret !== secret || known.day !== day) {
      const scope = scopeOf({ date, region, service: SERVICE });
      known = { secret, day, scope, key: signingKey(secret, scope) };
    }
    return known;
  };
}
