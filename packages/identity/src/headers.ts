/** The headers of an identity, and how they are taken from a request without being fooled. */

/** The calling service's proof. `authorization` stays free for what the end caller sends on. */
export const LAYER_HEADER = "x-airlock-layer";
/** In `www-authenticate`: it was the calling service's proof that was refused. */
export const LAYER_SCHEME = "Airlock-Layer";
/** The end caller's name; believed only beside a verified proof. */
export const CALLER_HEADER = "x-airlock-caller";

/** The same name where the one above had to be cut: later than the first release, which knows it not. */
export const WHOLE_CALLER_HEADER = "x-airlock-caller-whole";

/** The end caller's groups; believed only beside a verified proof and a caller. */
export const GROUPS_HEADER = "x-airlock-groups";

/** The address of the end client, as the calling service counts it; believed only beside a verified proof. */
export const CLIENT_HEADER = "x-airlock-client";

/** None may ever be taken over from a client. */
export const IDENTITY_HEADERS: readonly string[] = [
  LAYER_HEADER,
  CALLER_HEADER,
  WHOLE_CALLER_HEADER,
  GROUPS_HEADER,
  CLIENT_HEADER,
];

/** A header that came more than once: which of them is meant is for nobody to guess. */
export const DUPLICATED = Symbol("duplicated header");

/** The scheme's name is matched in any case (RFC 9110 §11.1). */
const BEARER = /^bearer +([^ ]+) *$/i;

export type PresentedToken =
  | { readonly token: string }
  | { readonly token: undefined; readonly reason: "missing" | "duplicated" | "malformed" };

const MISSING: PresentedToken = { token: undefined, reason: "missing" };
const REPEATED: PresentedToken = { token: undefined, reason: "duplicated" };
const MALFORMED: PresentedToken = { token: undefined, reason: "malformed" };

/** The bearer token of a request (RFC 6750 §2.1), or why there is none. */
export function presentedToken(rawHeaders: readonly string[]): PresentedToken {
  const authorization = singleHeader(rawHeaders, "authorization");
  if (authorization === undefined || authorization === "") return MISSING;
  if (authorization === DUPLICATED) return REPEATED;
  const token = BEARER.exec(authorization)?.[1];
  return token === undefined ? MALFORMED : { token };
}

/**
 * The one value of a header. Node joins repeated headers with ", " or drops all but the first
 * (`authorization`), so only `rawHeaders` (name, value, name, value, …) tells how many came.
 *
 * @param name in lower case.
 * @returns the value, undefined when there is none, or DUPLICATED.
 */
export function singleHeader(
  rawHeaders: readonly string[],
  name: string,
): string | undefined | typeof DUPLICATED {
  let value: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const found = rawHeaders[i];
    // the length first: most headers differ in it and need no lower-case copy
    if (found?.length !== name.length || found.toLowerCase() !== name) continue;
    if (value !== undefined) return DUPLICATED;
    value = rawHeaders[i + 1];
  }
  return value;
}
