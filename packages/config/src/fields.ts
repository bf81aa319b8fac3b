/** The kinds of value that settings are made of, each with a message that says what would be right. */
import { isIP } from "node:net";
import * as z from "zod";

/** A TCP port, 0–65535; 0 lets the system choose. */
export const port = (): z.ZodType<number, string | number> =>
  z.preprocess(
    (value) => (typeof value === "string" && /^\d{1,5}$/.test(value) ? Number(value) : value),
    z.number({ error: "must be a port number, 0 to 65535" }).max(65_535, {
      error: "must be a port number, 0 to 65535",
    }),
  ) as z.ZodType<number, string | number>;

/** A whole number within bounds. */
export const integer = (min: number, max: number): z.ZodType<number, string | number> => {
  const error = `must be a whole number, ${min} to ${max}`;
  return z.preprocess(
    (value) => (typeof value === "string" && /^-?\d{1,12}$/.test(value) ? Number(value) : value),
    z.int({ error }).min(min, { error }).max(max, { error }),
  ) as z.ZodType<number, string | number>;
};

/** One of a few words, in any case; returns it in lower case, or what `as` makes of it. */
export const word = <const T extends string>(words: readonly T[]): z.ZodType<T, string> =>
  z.preprocess(
    (value) => (typeof value === "string" ? value.toLowerCase() : value),
    z.enum(words, { error: `must be one of ${words.join(", ")}` }),
  ) as z.ZodType<T, string>;

/** `on` or `off`. */
export const onOff = (): z.ZodType<boolean, string> =>
  z.preprocess(
    (value) => {
      const text = typeof value === "string" ? value.toLowerCase() : value;
      if (text === "on" || text === "true" || text === "1") return true;
      if (text === "off" || text === "false" || text === "0") return false;
      return value;
    },
    z.boolean({ error: "must be on or off" }),
  ) as z.ZodType<boolean, string>;

/** An http(s) origin with an optional path and no query, credentials or fragment; returned without a trailing slash. */
export const httpUrl = (): z.ZodType<string, string> =>
  z
    .string()
    .refine(isPlainHttpUrl, {
      error: "must be an http or https URL without credentials, query or fragment",
    })
    .transform((text) => text.replace(/\/+$/, ""));

function isPlainHttpUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return !url.username && !url.password && !url.search && !url.hash && !text.includes("#");
}

/** Address ranges by comma, such as 10.0.0.0/8; a single address is a range of one. */
export const addressRanges = (): z.ZodType<readonly string[], string> =>
  z
    .string()
    .transform((text) =>
      text
        .split(",")
        .map((range) => range.trim())
        .filter(Boolean),
    )
    .refine((ranges) => ranges.length > 0 && ranges.every(isAddressRange), {
      error: "must be addresses or CIDRs by comma, such as 10.0.0.0/8,192.168.1.7",
    });

function isAddressRange(text: string): boolean {
  const [address = "", prefix, more] = text.split("/");
  const bits = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : 0;
  if (bits === 0 || more !== undefined) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
}

/** Host names by comma, each possibly opening with `*.`; returned in lower case. */
export const hostPatterns = (): z.ZodType<readonly string[], string> =>
  z
    .string()
    .transform((text) =>
      text
        .toLowerCase()
        .split(",")
        .map((host) => host.trim())
        .filter(Boolean),
    )
    .refine(
      (hosts) => hosts.length > 0 && hosts.every((host) => /^(\*\.)?[a-z0-9_.:[\]-]+$/.test(host)),
      { error: "must be host names by comma, such as example.com,*.example.com" },
    );
