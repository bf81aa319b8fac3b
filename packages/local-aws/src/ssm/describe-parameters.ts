// DescribeParameters: what is known of parameters, without their values.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html

import { z } from "zod";
import type { WireAnswer } from "../wire.ts";
import type { Call } from "../world.ts";
import { checkIam } from "./denials.ts";
import { pageOf } from "./pages.ts";
import { filterMatch, parameterFilters } from "./parameter-filters.ts";
import { kindOf } from "./parameter-name.ts";
import type { Parameter } from "./parameter-store.ts";
import { parameterArn, ssmAnswer, ssmInput, toSeconds, validate } from "./ssm-input.ts";

const FILTER_KEYS = ["Path", "Name", "Type", "KeyId", "Tier", "DataType"];

const describeInput = z.object({
  MaxResults: z.int().optional(),
  NextToken: z.string().optional(),
  ParameterFilters: parameterFilters.optional(),
});

export function describeParameters(call: Call): WireAnswer {
  const input = ssmInput(call.request, describeInput);
  validate([{ member: "maxResults", value: input.MaxResults, min: 1, max: 50 }]);
  checkIam(call, ["*"]);
  const matches = filterMatch(input.ParameterFilters ?? [], FILTER_KEYS);
  const page = pageOf(
    call,
    input.NextToken,
    input.MaxResults ?? 10,
    (parameter) => kindOf(parameter.name) === "own" && matches(parameter),
  );
  return ssmAnswer({ NextToken: page.nextToken, Parameters: page.parameters.map(metadataView) });
}

function metadataView({ name, latest }: Parameter) {
  return {
    ARN: parameterArn(name),
    AllowedPattern: latest.allowedPattern,
    DataType: latest.dataType,
    Description: latest.description,
    KeyId: latest.keyId,
    LastModifiedDate: toSeconds(latest.modifiedMs),
    LastModifiedUser: latest.modifiedBy,
    Name: name,
    Policies: [],
    Tier: latest.tier,
    Type: latest.type,
    Version: latest.version,
  };
}
