/** The settings by which the outer door learns who its callers are. */
import { type EnvironmentName, type Rule, withRules, word } from "@airlock/config";
import * as z from "zod";
import { keyRules, keySettings } from "./key-settings.ts";
import { algorithmList, exactText, listOf } from "./setting-fields.ts";

export const callerSettings = {
  GATEWAY_AUTH: word(["none", "jwt", "api-key"])
    .optional()
    .describe(
      "Proof asked of callers of /storage, /config, /presigned, / and /version: none, jwt, or api-key (a key of jobs). Probes, /health and the docs ask nobody, and /v1 asks for keys of its own. Unset means none in dev; qa and prod must choose.",
    ),
  GATEWAY_JWT_ISSUER: exactText("the issuer of the tokens to the letter")
    .optional()
    .describe("With GATEWAY_AUTH=jwt: the OIDC issuer of the callers' tokens."),
  GATEWAY_JWT_AUDIENCE: exactText("the audience that names this service")
    .optional()
    .describe("With GATEWAY_AUTH=jwt: the audience that names this service in a token."),
  ...keySettings("GATEWAY_JWT"),
  GATEWAY_JWT_ALGORITHMS: algorithmList()
    .default(["RS256", "ES256"])
    .describe("Signature algorithms accepted, by comma."),
  GATEWAY_JWT_AUDIENCE_CLAIM: word(["aud", "client_id"])
    .default("aud")
    .describe(
      "Claim that must hold GATEWAY_JWT_AUDIENCE: aud, or client_id for access tokens without an audience (Amazon Cognito).",
    ),
  GATEWAY_JWT_TOKENS: word(["access", "id"])
    .default("access")
    .describe(
      "Tokens let in: access, or id where the issuer's access tokens are no JWTs (Google). The other kind is refused wherever the issuer says which it is.",
    ),
  GATEWAY_JWT_CALLER_CLAIM: exactText("the name of a claim")
    .default("sub")
    .describe("Claim that names the caller in logs, limits and shared calls."),
  GATEWAY_JWT_GROUPS_CLAIM: listOf(
    /^[\x21-\x2b\x2d-\x7e]{1,1024}$/,
    "must be names of claims by comma, without spaces",
  )
    .default(["groups"])
    .describe(
      "Claims that list the caller's groups, by comma; each by its name, or by its path, such as realm_access.roles.",
    ),
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
  // whoever says whose tokens are let in does not mean to let everybody in
  ...(["GATEWAY_JWT_ISSUER", "GATEWAY_JWT_AUDIENCE"] as const).map((key) => ({
    key,
    message: "means nothing without GATEWAY_AUTH=jwt",
    isBroken: (s: Fields) => s.GATEWAY_AUTH !== "jwt" && s[key] !== undefined,
  })),
  ...keyRules<Fields>("GATEWAY_JWT", (s) => s.GATEWAY_AUTH === "jwt"),
];

/** A schema that holds `callerSettings` and ENVIRONMENT, with the rules between them. */
export function withCallerRules<S extends z.ZodObject>(schema: S): S {
  return withRules(schema, RULES);
}
