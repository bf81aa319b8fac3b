/** Claims of a token as issuers write them: by name or by path, lists or single words, and left out. */
import type { JWTPayload } from "jose";

/**
 * A claim by its name; where there is none of that name, by its path: `realm_access.roles` is the member
 * `roles` of the claim `realm_access` (Keycloak). Undefined for what is not there.
 */
export function claimOf(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let value: unknown = payload;
  for (const step of name.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

/**
 * Whether the issuer says that there are groups which the token does not name, as Entra ID does for a
 * user in more than 200: a rule that denies something to a group must not be got round by being in many.
 */
export function leavesGroupsOut(payload: JWTPayload, names: readonly string[]): boolean {
  const elsewhere = payload._claim_names;
  if (payload.hasgroups === true) return true;
  if (typeof elsewhere !== "object" || elsewhere === null) return false;
  return names.some((name) => Object.hasOwn(elsewhere, name));
}

/** Of a JWT that is for a resource: RFC 9068 §2.1, and what those write who came before it. */
const HEADER_TYPES: ReadonlySet<unknown> = new Set([
  undefined,
  "jwt",
  "at+jwt",
  "application/at+jwt",
]);

/** What ID tokens alone hold: OpenID Connect Core §3.1.3.6, §3.3.2.11. */
const ID_TOKEN_CLAIMS = ["at_hash", "c_hash"];

/**
 * What a token is for, as far as issuers tell: an ID token says to the client who has logged in, and is
 * no right to call anybody (RFC 9068 §6, OpenID Connect Core §2).
 */
export function kindOfToken(typ: unknown, payload: JWTPayload): "access" | "id" | "other" {
  const headerType = typeof typ === "string" ? typ.toLowerCase() : typ;
  if (!HEADER_TYPES.has(headerType)) return "other"; // logout+jwt, dpop+jwt, …
  const { token_use: use, typ: kind } = payload;
  if (use === "id" || kind === "ID") return "id"; // Cognito, Keycloak
  if (use !== undefined && use !== "access") return "other";
  if (kind === "Refresh" || kind === "Offline" || kind === "Logout") return "other"; // Keycloak
  const isIdToken = ID_TOKEN_CLAIMS.some((name) => Object.hasOwn(payload, name));
  return isIdToken && headerType !== "at+jwt" && headerType !== "application/at+jwt"
    ? "id"
    : "access";
}
