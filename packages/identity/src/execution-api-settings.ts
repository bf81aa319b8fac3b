/** The settings of a service that can be called through the execution API. */
import type { Environment, Rule } from "@airlock/config";
import * as z from "zod";
import { listOf } from "./setting-fields.ts";

export const executionApiSettings = {
  LAYER_AUTH_ACCEPTS: listOf(
    /^(service-account|execution-api)$/,
    "must be service-account, execution-api, or both by comma",
  )
    .default(["service-account"])
    .describe(
      "Proofs of the calling service that are accepted, by comma: service-account, and in a Lambda execution-api.",
    ),
  LAYER_AUTH_ROLES: listOf(
    /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/,
    "must be role ARNs by comma, such as arn:aws:iam::111122223333:role/name, without wildcards",
  )
    .optional()
    .describe("With LAYER_AUTH_ACCEPTS=execution-api: the roles let in, by comma, as ARNs."),
};

const schema = z.object(executionApiSettings);
export type ExecutionApiSettings = Readonly<z.infer<typeof schema>>;
type Fields = Partial<ExecutionApiSettings> & {
  readonly LAYER_AUTH_MODE?: "off" | "observe" | "enforce" | undefined;
};

export const EXECUTION_API_RULES: readonly Rule<Fields>[] = [
  {
    key: "LAYER_AUTH_ROLES",
    message: "is needed with LAYER_AUTH_ACCEPTS=execution-api",
    isBroken: (s) =>
      s.LAYER_AUTH_MODE !== undefined &&
      s.LAYER_AUTH_MODE !== "off" &&
      (s.LAYER_AUTH_ACCEPTS ?? []).includes("execution-api") &&
      s.LAYER_AUTH_ROLES === undefined,
  },
];

/**
 * What a service that no API stands before must refuse to start for, in the form that `runService` takes: one
 * sentence when it would accept roles alone, which nothing tells it of.
 */
export function refuseRolesAlone(env: Environment): string[] {
  const { LAYER_AUTH_ACCEPTS: accepts = "", LAYER_AUTH_MODE: mode = "off" } = env;
  const proofs = accepts.split(",").map((proof) => proof.trim());
  const isAlone = proofs.includes("execution-api") && !proofs.includes("service-account");
  return isAlone && mode.trim().toLowerCase() !== "off"
    ? ["LAYER_AUTH_ACCEPTS: execution-api is for the Lambda alone; here it needs service-account"]
    : [];
}
