// LabelParameterVersion: names a version, so that it can be read as `name:label`.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html

import { z } from "zod";
import { AwsError } from "../aws-error.ts";
import type { WireAnswer } from "../wire.ts";
import type { Call } from "../world.ts";
import { checkName } from "./parameter-name.ts";
import { parameterNotFound, parameterVersionNotFound } from "./ssm-errors.ts";
import { ssmAnswer, ssmInput, validate } from "./ssm-input.ts";

const MAX_LABELS = 10;

const labelInput = z.object({
  Name: z.string().optional(),
  ParameterVersion: z.int().optional(),
  Labels: z.array(z.string()).optional(),
});

function isValidLabel(label: string): boolean {
  return /^[A-Za-z_.-][A-Za-z0-9_.-]*$/.test(label) && !/^(aws|ssm)/i.test(label);
}

export function labelParameterVersion(call: Call): WireAnswer {
  const input = ssmInput(call.request, labelInput);
  validate([
    { member: "name", value: input.Name, required: true, minLength: 1 },
    { member: "labels", value: input.Labels, required: true, minLength: 1, maxLength: MAX_LABELS },
    ...(input.Labels ?? []).map((value) => ({
      member: "labels",
      value,
      minLength: 1,
      maxLength: 100,
    })),
  ]);
  const name = input.Name ?? "";
  checkName(name);
  const parameter = call.world.parameters.find(name);
  if (parameter === undefined) throw parameterNotFound();
  const number = input.ParameterVersion ?? parameter.latest.version;
  const target = parameter.versions.find(({ version }) => version === number);
  if (target === undefined) throw parameterVersionNotFound(name, String(number));

  const labels = (input.Labels ?? []).filter(isValidLabel);
  if (new Set([...target.labels, ...labels]).size > MAX_LABELS) {
    throw new AwsError(
      "ParameterVersionLabelLimitExceeded",
      400,
      "A parameter version can have maximum 10 labels. Move one or more labels to another version and try again.",
    );
  }
  if (labels.length > 0) call.world.parameters.label(name, number, labels);
  const invalid = (input.Labels ?? []).filter((label) => !isValidLabel(label));
  return ssmAnswer({ InvalidLabels: invalid, ParameterVersion: number });
}
