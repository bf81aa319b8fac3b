/** What the local issuer shows, to whom and as which kind: as a Kubernetes API server does it. */
import type { IncomingMessage } from "node:http";
import { createLocalJWKSet, type JWK, jwtVerify } from "jose";

export interface DocumentOptions {
  readonly issuer: string;
  /** What the discovery document calls the keys' address. */
  readonly jwksUri: string;
  readonly algorithm: string;
  /** Ask nobody for a token. */
  readonly isPublic: boolean;
  readonly publicKeys: () => JWK[];
  readonly now: () => Date;
}

export interface DocumentAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: object;
  /** Which document was shown; undefined for none. */
  readonly shown?: "discovery" | "jwks";
}

/**
 * A path is known by its kind alone: API servers offer keys as application/jwk-set+json, and answer
 * 406 to who wants application/json (k8s.io/kubernetes/pkg/routes, openidmetadata.go).
 */
const KINDS = {
  "/.well-known/openid-configuration": { name: "discovery", contentType: "application/json" },
  "/openid/v1/jwks": { name: "jwks", contentType: "application/jwk-set+json" },
} as const;

/** Answers in the API server's order: who is it, may it, what is it, in which kind. */
export async function answerDocument(
  request: IncomingMessage,
  options: DocumentOptions,
): Promise<DocumentAnswer> {
  const refused = options.isPublic ? undefined : await refuse(request, options);
  if (refused) return refused;
  const [path = ""] = (request.url ?? "").split("?");
  const kind = Object.hasOwn(KINDS, path) ? KINDS[path as keyof typeof KINDS] : undefined;
  if (kind === undefined) return status(404, "NotFound");
  if (request.method !== "GET") return status(405, "MethodNotAllowed");
  if (!accepts(request.headers.accept, kind.contentType)) return status(406, "NotAcceptable");
  const body = kind.name === "jwks" ? { keys: options.publicKeys() } : discovery(options);
  return { status: 200, contentType: kind.contentType, body, shown: kind.name };
}

function discovery({ issuer, jwksUri, algorithm }: DocumentOptions): object {
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [algorithm],
  };
}

/** Anonymous readers may not (403); a token that is not for the issuer itself names nobody (401). */
async function refuse(
  { headers }: IncomingMessage,
  { issuer, publicKeys, now }: DocumentOptions,
): Promise<DocumentAnswer | undefined> {
  const token = /^bearer (.+)$/i.exec(headers.authorization ?? "")?.[1];
  if (token === undefined) return status(403, "Forbidden");
  const keys = createLocalJWKSet({ keys: publicKeys() });
  const must = { issuer, audience: issuer, currentDate: now() };
  const isKnown = await jwtVerify(token, keys, must).then(
    () => true,
    () => false,
  );
  return isKnown ? undefined : status(401, "Unauthorized");
}

function accepts(accept = "*/*", kind: string): boolean {
  const [type] = kind.split("/");
  const wanted = accept.split(",").map((range) => range.split(";")[0]?.trim().toLowerCase());
  return ["*/*", `${type}/*`, kind].some((range) => wanted.includes(range));
}

/** The API server's shape of a failure. */
const status = (code: number, reason: string): DocumentAnswer => ({
  status: code,
  contentType: "application/json",
  body: { kind: "Status", apiVersion: "v1", status: "Failure", reason, code },
});
