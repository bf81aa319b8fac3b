/** The settings by which the outer door learns who its callers are. */
import { type EnvironmentName, httpUrl, type Rule, withRules, word } from "@airlock/config";
import * as z from "zod";
import { algorithmList, exactText, isExposedUrl, isHttpUrl } from "./setting-fields.ts";

export const callerSettings = {
  GATEWAY_AUTH: word(["none", "jwt", "api-key"])
    .optional()
    .describe(
      "Proof asked of callers of /storage and /config: none, jwt, or api-key (a key of jobs). Unset means none in dev; qa and prod must choose.",
    ),
  GATEWAY_JWT_ISSUER: exactText("the issuer of the tokens to the letter")
    .optional()
    .describe("With GATEWAY_AUTH=jwt: the OIDC issuer of the callers' tokens."),
  GATEWAY_JWT_AUDIENCE: exactText("the audience that names this service")
    .optional()
    .describe("With GATEWAY_AUTH=jwt: the audience that names this service in a token."),
  GATEWAY_JWT_JWKS_URL: httpUrl()
    .optional()
    .describe("Where the issuer's keys are. Unset means its discovery document says so."),
  GATEWAY_JWT_JWKS_FILE: z
    .string()
    .optional()
    .describe("The issuer's keys in a file, instead of asking it; read again when it changes."),
  GATEWAY_JWT_ALGORITHMS: algorithmList()
    .default(["RS256", "ES256"])
    .describe("Signature algorithms accepted, by comma."),
  GATEWAY_JWT_CALLER_CLAIM: exactText("the name of a claim")
    .default("sub")
    .describe("Claim that names the caller in logs, limits and shared calls."),
  GATEWAY_JWT_GROUPS_CLAIM: exactText("the name of a claim")
    .default("groups")
    .describe("Claim that lists the caller's groups."),
};

const schema = z.object(callerSettings);
export type CallerSettings = Readonly<z.infer<typeof schema>>;
type Fields = Partial<CallerSettings> & { readonly ENVIRONMENT?: EnvironmentName };

const RULES: readonly Rule<Fields>[] = [
  {
    key: "GATEWAY_AUTH",
    message: "must be chosen outside dev: jwt, api-key, or none to let everybody in",
    isBroken: (s) => s.GATEWAY_AUTH === undefined && s.ENVIRONMENT !== "dev",
  },
  ...(["GATEWAY_JWT_ISSUER", "GATEWAY_JWT_AUDIENCE"] as const).map((key) => ({
    key,
    message: "is needed with GATEWAY_AUTH=jwt",
    isBroken: (s: Fields) => s.GATEWAY_AUTH === "jwt" && s[key] === undefined,
  })),
  {
    key: "GATEWAY_JWT_JWKS_FILE",
    message: "GATEWAY_JWT_JWKS_URL and GATEWAY_JWT_JWKS_FILE exclude each other",
    isBroken: (s) => Boolean(s.GATEWAY_JWT_JWKS_FILE && s.GATEWAY_JWT_JWKS_URL),
  },
  {
    key: "GATEWAY_JWT_ISSUER",
    message:
      "must be an http or https URL, for its discovery document is asked for; else set GATEWAY_JWT_JWKS_URL or GATEWAY_JWT_JWKS_FILE",
    isBroken: (s) => isDiscovered(s) && !isHttpUrl(s.GATEWAY_JWT_ISSUER ?? "https://unset"),
  },
  {
    key: "GATEWAY_JWT_ISSUER",
    message: "must be https outside dev: keys fetched in the clear can be swapped",
    isBroken: (s) =>
      s.ENVIRONMENT !== "dev" && isDiscovered(s) && isExposedUrl(s.GATEWAY_JWT_ISSUER),
  },
  {
    key: "GATEWAY_JWT_JWKS_URL",
    message: "must be https outside dev: keys fetched in the clear can be swapped",
    isBroken: (s) =>
      s.ENVIRONMENT !== "dev" && s.GATEWAY_AUTH === "jwt" && isExposedUrl(s.GATEWAY_JWT_JWKS_URL),
  },
];

function isDiscovered(s: Fields): boolean {
  return s.GATEWAY_AUTH === "jwt" && !s.GATEWAY_JWT_JWKS_URL && !s.GATEWAY_JWT_JWKS_FILE;
}

/** A schema that holds `callerSettings` and ENVIRONMENT, with the rules between them. */
export function withCallerRules<S extends z.ZodObject>(schema: S): S {
  return withRules(schema, RULES);
}
