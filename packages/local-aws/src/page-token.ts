// Opaque continuation tokens: a position in an ordered list, marked with the list it belongs to.

const MARK = "airlock-page";

/** Makes a token for a position. An empty position means the beginning. */
export function pageToken(list: string, position: string): string {
  return Buffer.from(JSON.stringify([MARK, list, position])).toString("base64url");
}

/** The position inside a token, or undefined when the token was not made for this list. */
export function positionOf(list: string, token: string): string | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    if (!Array.isArray(parts) || parts[0] !== MARK || parts[1] !== list) return undefined;
    return typeof parts[2] === "string" ? parts[2] : undefined;
  } catch {
    return undefined;
  }
}
