/** Percent-encoding (RFC 3986 §2.1) of what may not stand as it is. */

/** The UTF-8 bytes of a character as `%XX`, in upper case. */
export const percentEncode = (character: string): string =>
  [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
    .join("");
