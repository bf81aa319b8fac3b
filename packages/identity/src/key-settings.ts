/** The settings by which an issuer's keys are found, the same for the issuer of layers and of callers. */
import { type EnvironmentName, httpUrl, type Rule } from "@airlock/config";
import * as z from "zod";
import type { KeyLocation } from "./key-source.ts";
import { isExposedUrl, isHttpUrl } from "./setting-fields.ts";

/** What the settings of an issuer begin with. */
export type IssuerPrefix = "LAYER_AUTH" | "GATEWAY_JWT";

const FIELDS = {
  JWKS_URL: httpUrl()
    .optional()
    .describe("Where the issuer's keys are. Unset means its discovery document says so."),
  JWKS_FILE: z
    .string()
    .optional()
    .describe("The issuer's keys in a file, instead of asking it; read again when it changes."),
  JWKS_TOKEN_FILE: z
    .string()
    .optional()
    .describe("Token to ask for the keys with, for API servers that show them to nobody else."),
  JWKS_CA_FILE: z
    .string()
    .optional()
    .describe(
      "CAs (PEM) that may sign the certificate of where the keys are, such as the cluster's; read again when it changes. Unset means the public CAs that Node knows.",
    ),
};
type Fields = typeof FIELDS;

/** The fields to spread into a schema, under `<prefix>_JWKS_…`. */
export function keySettings<P extends IssuerPrefix>(
  prefix: P,
): { [K in keyof Fields as `${P}_${K}`]: Fields[K] } {
  const named = Object.entries(FIELDS).map(([name, field]) => [`${prefix}_${name}`, field]);
  return Object.fromEntries(named);
}

type Said<P extends IssuerPrefix> = {
  readonly [K in keyof Fields as `${P}_${K}`]?: string | undefined;
};

/** What these settings say. */
export function keyLocation<P extends IssuerPrefix>(settings: Said<P>, prefix: P): KeyLocation {
  const said = settings as Readonly<Record<string, string | undefined>>;
  return {
    url: said[`${prefix}_JWKS_URL`],
    file: said[`${prefix}_JWKS_FILE`],
    tokenFile: said[`${prefix}_JWKS_TOKEN_FILE`],
    caFile: said[`${prefix}_JWKS_CA_FILE`],
    settings: prefix,
  };
}

/**
 * What must hold between them, `<prefix>_ISSUER` and ENVIRONMENT.
 *
 * @param isUsed whether these settings choose that tokens of this issuer are verified.
 */
export function keyRules<S extends { readonly ENVIRONMENT?: EnvironmentName }>(
  prefix: IssuerPrefix,
  isUsed: (settings: S) => boolean,
): readonly Rule<S>[] {
  const nameOf = (name: "ISSUER" | keyof Fields) => `${prefix}_${name}` as keyof S & string;
  const [issuer, url, file] = [nameOf("ISSUER"), nameOf("JWKS_URL"), nameOf("JWKS_FILE")];
  const said = (s: S, key: keyof S) => s[key] as string | undefined;
  const isDiscovered = (s: S) => isUsed(s) && !said(s, url) && !said(s, file);
  const swapped = "must be https outside dev: keys fetched in the clear can be swapped";
  return [
    {
      key: file,
      message: `${url} and ${file} exclude each other`,
      isBroken: (s) => Boolean(said(s, file) && said(s, url)),
    },
    {
      key: issuer,
      message: `must be an http or https URL, for its discovery document is asked for; else set ${url} or ${file}`,
      isBroken: (s) => isDiscovered(s) && !isHttpUrl(said(s, issuer) ?? "https://unset"),
    },
    {
      key: issuer,
      message: swapped,
      isBroken: (s) => s.ENVIRONMENT !== "dev" && isDiscovered(s) && isExposedUrl(said(s, issuer)),
    },
    {
      key: url,
      message: swapped,
      isBroken: (s) => s.ENVIRONMENT !== "dev" && isUsed(s) && isExposedUrl(said(s, url)),
    },
  ];
}
