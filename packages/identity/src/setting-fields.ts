/** The kinds of value that the settings of callers and layers share. */
import * as z from "zod";

/** Signature algorithms that may be allowed: all asymmetric (RFC 8725 §3.1). */
export const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Kept to the letter, trailing slash and all: `iss` is compared as it stands (RFC 7519 §4.1.1). */
export const exactText = (what: string): z.ZodType<string, string> =>
  z.string().regex(/^[\x21-\x7e]{1,1024}$/, { error: `must be ${what}, without spaces` });

/** Words by comma, each of one kind. */
export const listOf = (kind: RegExp, message: string): z.ZodType<readonly string[], string> =>
  z
    .string()
    .transform((text) =>
      text
        .split(",")
        .map((entry) => entry.trim())
        .filter(Boolean),
    )
    .refine((entries) => entries.length > 0 && entries.every((entry) => kind.test(entry)), {
      error: message,
    });

/** Algorithm names by comma. */
export const algorithmList = (): z.ZodType<readonly Algorithm[], string> =>
  listOf(
    new RegExp(`^(?:${ALGORITHMS.join("|")})$`),
    `must be algorithms by comma, of ${ALGORITHMS.join(", ")}`,
  ) as unknown as z.ZodType<readonly Algorithm[], string>;

/** Whether keys from this address could be swapped on the way: plain http to another machine. */
export function isExposedUrl(text: string | undefined): boolean {
  if (text === undefined || !URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "http:" && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Whether a discovery document can be asked for at this issuer. */
export function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
