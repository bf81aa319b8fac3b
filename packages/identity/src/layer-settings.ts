/** The settings by which one service proves itself to the next, and by which the next one checks it. */
import { type EnvironmentName, type Rule, withRules, word } from "@airlock/config";
import * as z from "zod";
import { EXECUTION_API_RULES, type ExecutionApiSettings } from "./execution-api-settings.ts";
import { keyRules, keySettings } from "./key-settings.ts";
import { exactText, listOf } from "./setting-fields.ts";

/** Settings of the service that calls. */
export const layerPresentSettings = {
  LAYER_AUTH: word(["none", "service-account"])
    .optional()
    .describe(
      "Proof sent to the next service: none or service-account. Unset means none in dev; qa and prod must choose.",
    ),
  LAYER_TOKEN_FILE: z
    .string()
    .default("/var/run/secrets/airlock/layer/token")
    .describe("With LAYER_AUTH=service-account: the projected token; read again when it changes."),
};

/** Settings of the service that is called. */
export const layerVerifySettings = {
  LAYER_AUTH_MODE: word(["off", "observe", "enforce"])
    .optional()
    .describe(
      "Check of the calling service: off, observe (count and log) or enforce. Unset means off in dev; qa and prod must choose.",
    ),
  LAYER_AUTH_ISSUER: exactText("the issuer of the tokens to the letter")
    .optional()
    .describe("Issuer of the calling service's token: the cluster's service-account issuer."),
  LAYER_AUTH_AUDIENCE: exactText("the audience that names this service")
    .optional()
    .describe("Audience that names this service in a token; the token may name no other."),
  LAYER_AUTH_SUBJECTS: listOf(
    /^system:serviceaccount:[a-z0-9-]{1,63}:[a-z0-9.-]{1,253}$/,
    "must be system:serviceaccount:<namespace>:<name> by comma, without wildcards",
  )
    .optional()
    .describe("The service accounts let in, by comma: system:serviceaccount:<namespace>:<name>."),
  ...keySettings("LAYER_AUTH"),
};

const presentSchema = z.object(layerPresentSettings);
const verifySchema = z.object(layerVerifySettings);
export type LayerPresentSettings = Readonly<z.infer<typeof presentSchema>>;
export type LayerVerifySettings = Readonly<z.infer<typeof verifySchema>>;
export type LayerAuthMode = NonNullable<LayerVerifySettings["LAYER_AUTH_MODE"]>;

interface Where {
  readonly ENVIRONMENT?: EnvironmentName;
}
type PresentFields = Partial<LayerPresentSettings> & Where;
type VerifyFields = Partial<LayerVerifySettings> & Partial<ExecutionApiSettings> & Where;

/** Of a service that accepts nothing else no setting says so. */
const areTokensChecked = (s: VerifyFields) =>
  (s.LAYER_AUTH_MODE === "observe" || s.LAYER_AUTH_MODE === "enforce") &&
  (s.LAYER_AUTH_ACCEPTS?.includes("service-account") ?? true);

const PRESENT_RULES: readonly Rule<PresentFields>[] = [
  {
    key: "LAYER_AUTH",
    message: "must be chosen outside dev: service-account, or none to send no proof",
    isBroken: (s) => s.LAYER_AUTH === undefined && s.ENVIRONMENT !== "dev",
  },
];

const VERIFY_RULES: readonly Rule<VerifyFields>[] = [
  {
    key: "LAYER_AUTH_MODE",
    message: "must be chosen outside dev: enforce, observe, or off to let everybody in",
    isBroken: (s) => s.LAYER_AUTH_MODE === undefined && s.ENVIRONMENT !== "dev",
  },
  ...(["LAYER_AUTH_ISSUER", "LAYER_AUTH_AUDIENCE", "LAYER_AUTH_SUBJECTS"] as const).map((key) => ({
    key,
    message: "is needed with LAYER_AUTH_MODE=observe or enforce",
    isBroken: (s: VerifyFields) => areTokensChecked(s) && s[key] === undefined,
  })),
  ...keyRules<VerifyFields>("LAYER_AUTH", areTokensChecked),
  ...EXECUTION_API_RULES,
];

/** A schema that holds `layerPresentSettings` and ENVIRONMENT, with the rules between them. */
export function withLayerPresentRules<S extends z.ZodObject>(schema: S): S {
  return withRules(schema, PRESENT_RULES);
}

/** A schema that holds `layerVerifySettings` and ENVIRONMENT, with the rules between them. */
export function withLayerVerifyRules<S extends z.ZodObject>(schema: S): S {
  return withRules(schema, VERIFY_RULES);
}
