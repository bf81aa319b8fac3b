// DeleteParameter: removes a parameter with all its versions.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameter.html

import { z } from "zod";
import type { WireAnswer } from "../wire.ts";
import type { Call } from "../world.ts";
import { checkName } from "./parameter-name.ts";
import { parameterNotFound } from "./ssm-errors.ts";
import { ssmAnswer, ssmInput, validate } from "./ssm-input.ts";

export function deleteParameter(call: Call): WireAnswer {
  const input = ssmInput(call.request, z.object({ Name: z.string().optional() }));
  validate([{ member: "name", value: input.Name, required: true, minLength: 1 }]);
  const name = input.Name ?? "";
  checkName(name);
  if (!call.world.parameters.delete(name)) throw parameterNotFound();
  return ssmAnswer({});
}
