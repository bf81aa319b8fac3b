// The operations of SSM Parameter Store, and what a call names.

import type { WireRequest } from "../wire.ts";
import type { Handler } from "../world.ts";
import { deleteParameter } from "./delete-parameter.ts";
import { describeParameters } from "./describe-parameters.ts";
import { getParameter, getParameters } from "./get-parameter.ts";
import { getParametersByPath } from "./get-parameters-by-path.ts";
import { labelParameterVersion } from "./label-parameter-version.ts";
import { putParameter } from "./put-parameter.ts";

export const SSM_HANDLERS: Readonly<Record<string, Handler>> = {
  DescribeParameters: describeParameters,
  GetParameter: getParameter,
  GetParameters: getParameters,
  GetParametersByPath: getParametersByPath,
  PutParameter: putParameter,
  DeleteParameter: deleteParameter,
  LabelParameterVersion: labelParameterVersion,
};

const TARGET = "AmazonSSM.";

/** The operation named by X-Amz-Target, "Unknown" for those not answered here. */
export function ssmOperation(request: WireRequest): string {
  const target = request.headers["x-amz-target"] ?? "";
  const operation = target.startsWith(TARGET) ? target.slice(TARGET.length) : "";
  return Object.hasOwn(SSM_HANDLERS, operation) ? operation : "Unknown";
}

/** The parameter name, names or path a call is about, for the call log and refusals. */
export function ssmResource(request: WireRequest): string | undefined {
  try {
    const input: unknown = JSON.parse(request.body.toString());
    if (typeof input !== "object" || input === null) return undefined;
    if ("Name" in input && typeof input.Name === "string") return input.Name;
    if ("Path" in input && typeof input.Path === "string") return input.Path;
    if ("Names" in input && Array.isArray(input.Names)) return input.Names.join(",");
    return undefined;
  } catch {
    // The handler reports a broken body; here there is only nothing to name.
    return undefined;
  }
}
