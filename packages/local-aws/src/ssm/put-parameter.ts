// PutParameter: creates a parameter or adds a version to it.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html

import { z } from "zod";
import { AwsError } from "../aws-error.ts";
import type { WireAnswer } from "../wire.ts";
import type { Call } from "../world.ts";
import { checkNewName } from "./parameter-name.ts";
import { MAX_VERSIONS, type Parameter, type ParameterType } from "./parameter-store.ts";
import { validationException } from "./ssm-errors.ts";
import { ssmAnswer, ssmInput, validate } from "./ssm-input.ts";

const TYPES = ["String", "StringList", "SecureString"] as const;
const TIERS = ["Standard", "Advanced", "Intelligent-Tiering"] as const;
const STANDARD_MAX = 4096;
const ADVANCED_MAX = 8192;

const putInput = z.object({
  Name: z.string().optional(),
  Value: z.string().optional(),
  Type: z.string().optional(),
  Tier: z.string().optional(),
  Overwrite: z.boolean().optional(),
  Description: z.string().optional(),
  AllowedPattern: z.string().optional(),
  KeyId: z.string().optional(),
  DataType: z.string().optional(),
});
type PutInput = z.output<typeof putInput>;

export function putParameter(call: Call): WireAnswer {
  const input = ssmInput(call.request, putInput);
  validate([
    { member: "name", value: input.Name, required: true, minLength: 1, maxLength: 2048 },
    { member: "value", value: input.Value, required: true, minLength: 1, sensitive: true },
    { member: "type", value: input.Type, oneOf: TYPES },
    { member: "tier", value: input.Tier, oneOf: TIERS },
    { member: "description", value: input.Description, maxLength: 1024 },
    { member: "allowedPattern", value: input.AllowedPattern, maxLength: 1024 },
  ]);
  const name = input.Name ?? "";
  const value = input.Value ?? "";
  checkNewName(name);
  const store = call.world.parameters;
  const known = store.find(name);
  const type = typeOf(input, known);
  const tier = tierOf(input, known, value);
  checkPattern(input.AllowedPattern ?? known?.latest.allowedPattern, value);
  if (known !== undefined) checkOverwrite(input, known);
  const version = store.add(name, {
    type,
    value,
    modifiedMs: call.nowMs,
    modifiedBy: call.principal.arn,
    tier,
    dataType: input.DataType ?? known?.latest.dataType ?? "text",
    description: input.Description ?? known?.latest.description,
    allowedPattern: input.AllowedPattern ?? known?.latest.allowedPattern,
    keyId: type === "SecureString" ? (input.KeyId ?? "alias/aws/ssm") : undefined,
  });
  return ssmAnswer({ Tier: tier, Version: version });
}

function typeOf(input: PutInput, known: Parameter | undefined): ParameterType {
  const type = TYPES.find((one) => one === input.Type) ?? known?.latest.type;
  if (type !== undefined) return type;
  throw validationException("A parameter type is required when you create a parameter.");
}

/** The tier the value ends up in. Throws ValidationException for too long a value and for a way back. */
function tierOf(input: PutInput, known: Parameter | undefined, value: string) {
  const isAdvanced = known?.latest.tier === "Advanced";
  const asked = input.Tier ?? (isAdvanced ? "Advanced" : "Standard");
  if (value.length > ADVANCED_MAX) {
    throw validationException(
      `Parameters support a maximum parameter value of ${ADVANCED_MAX} characters in the advanced-parameter tier.`,
    );
  }
  if (asked === "Standard") {
    if (isAdvanced) {
      throw validationException(
        "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the " +
          "advanced-parameter tier to the standard-parameter tier.",
      );
    }
    if (value.length > STANDARD_MAX) {
      throw validationException(
        `Standard tier parameters support a maximum parameter value of ${STANDARD_MAX} characters. To create a ` +
          "larger parameter value, upgrade the parameter to use the advanced-parameter tier.",
      );
    }
    return "Standard";
  }
  if (asked === "Advanced" || isAdvanced || value.length > STANDARD_MAX) return "Advanced";
  return "Standard";
}

function checkPattern(pattern: string | undefined, value: string): void {
  if (pattern === undefined) return;
  let expression: RegExp;
  try {
    expression = new RegExp(`^(?:${pattern})$`);
  } catch {
    throw new AwsError("InvalidAllowedPatternException", 400, "The AllowedPattern is not valid.");
  }
  if (expression.test(value)) return;
  throw new AwsError(
    "ParameterPatternMismatchException",
    400,
    `Parameter value, cannot be validated against allowedPattern: ${pattern}`,
  );
}

function checkOverwrite(input: PutInput, known: Parameter): void {
  if (input.Overwrite !== true) {
    throw new AwsError(
      "ParameterAlreadyExists",
      400,
      "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
    );
  }
  const [oldest] = known.versions;
  if (known.versions.length < MAX_VERSIONS || oldest === undefined) return;
  if (oldest.labels.size === 0) return;
  throw new AwsError(
    "ParameterMaxVersionLimitExceeded",
    400,
    `You attempted to create a new version of ${known.name} by calling the PutParameter API with the overwrite flag. ` +
      `Version ${oldest.version}, the oldest version, can't be deleted because it has a label associated with it. ` +
      "Move the label to another version of the parameter, and try again.",
  );
}
