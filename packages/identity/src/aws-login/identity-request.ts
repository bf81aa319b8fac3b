/**
 * The one request that is ever signed and sent: GetCallerIdentity, bound to this server and to a
 * challenge. Signer and verifier both build it here, so a client cannot slip in another one.
 */
import { hash } from "node:crypto";
import { ALGORITHM, scopeOf, signatureOf, signingKey } from "../sigv4/signature.ts";
import { STS_REGIONS } from "./sts-regions.ts";

/** What differs between two such requests. */
export interface RequestFields {
  readonly region: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly date: string;
  readonly session_token?: string | undefined;
  readonly challenge: string;
  /** Names the service that is logged in to; a signature for another one fits nothing here. */
  readonly serverId: string;
}

export interface IdentityRequest {
  readonly host: string;
  /** All of them are signed; names in lower case and in the order of the alphabet. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const BODY = "Action=GetCallerIdentity&Version=2011-06-15";

/** Header values must be signed as they are sent: no blanks to be trimmed, nothing to be escaped. */
const SERVER_ID = /^[A-Za-z0-9][A-Za-z0-9.:/_-]{0,254}$/;

/** @throws RangeError for a region that is not listed, TypeError for a server id with other characters. */
export function identityRequest(fields: RequestFields): IdentityRequest {
  const { region, date, session_token, challenge, serverId } = fields;
  const host = STS_REGIONS.get(region)?.host;
  if (host === undefined) throw new RangeError(`no STS is known in region ${region}`);
  if (!SERVER_ID.test(serverId)) throw new TypeError("the server id is not like a host name");
  return {
    host,
    headers: {
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
      host,
      "x-airlock-challenge": challenge,
      "x-airlock-server-id": serverId,
      "x-amz-date": date,
      ...(session_token !== undefined && { "x-amz-security-token": session_token }),
    },
    body: BODY,
  };
}

/** The Authorization header of a request that was signed elsewhere. */
export function authorization(
  request: IdentityRequest,
  proof: Pick<RequestFields, "region" | "date"> & { access_key_id: string; signature: string },
): string {
  const credential = `${proof.access_key_id}/${scope(proof)}`;
  const signedHeaders = Object.keys(request.headers).join(";");
  return `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${proof.signature}`;
}

/** Signature Version 4 of the request, of which all but six values is fixed. */
export function signature(
  request: IdentityRequest,
  fields: Pick<RequestFields, "region" | "date">,
  secretAccessKey: string,
): string {
  const headers = Object.entries(request.headers);
  const canonicalRequest = [
    "POST",
    "/",
    "",
    ...headers.map(([name, value]) => `${name}:${value}`),
    "",
    headers.map(([name]) => name).join(";"),
    hash("sha256", request.body),
  ].join("\n");
  const stsScope = scope(fields);
  return signatureOf(
    canonicalRequest,
    fields.date,
    stsScope,
    signingKey(secretAccessKey, stsScope),
  );
}

const scope = (fields: Pick<RequestFields, "region" | "date">): string =>
  scopeOf({ ...fields, service: "sts" });
