// GetParametersByPath: the values under a path, ten at most a page.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html

import { z } from "zod";
import type { WireAnswer } from "../wire.ts";
import type { Call } from "../world.ts";
import { checkIam, checkKms } from "./denials.ts";
import { pageOf } from "./pages.ts";
import { filterMatch, isUnder, parameterFilters } from "./parameter-filters.ts";
import { checkPath, kindOf } from "./parameter-name.ts";
import { ssmAnswer, ssmInput, validate } from "./ssm-input.ts";
import { valueView } from "./value-view.ts";

const MAX_PAGE = 10;
const FILTER_KEYS = ["Type", "KeyId", "Label"];

const byPathInput = z.object({
  Path: z.string().optional(),
  Recursive: z.boolean().optional(),
  WithDecryption: z.boolean().optional(),
  MaxResults: z.int().optional(),
  NextToken: z.string().optional(),
  ParameterFilters: parameterFilters.optional(),
});

export function getParametersByPath(call: Call): WireAnswer {
  const input = ssmInput(call.request, byPathInput);
  validate([
    { member: "path", value: input.Path, required: true, minLength: 1, maxLength: 2048 },
    { member: "maxResults", value: input.MaxResults, min: 1, max: MAX_PAGE },
  ]);
  const path = input.Path ?? "";
  checkPath(path);
  checkIam(call, [path]);
  const wanted = filterMatch(input.ParameterFilters ?? [], FILTER_KEYS);
  const page = pageOf(
    call,
    input.NextToken,
    input.MaxResults ?? MAX_PAGE,
    (parameter) =>
      (kindOf(parameter.name) === "own" || path.startsWith("/aws")) &&
      isUnder(parameter.name, path, input.Recursive ?? false) &&
      wanted(parameter),
  );
  const store = call.world.parameters;
  const withDecryption = input.WithDecryption ?? false;
  if (withDecryption) {
    const secure = page.parameters.filter(({ latest }) => latest.type === "SecureString");
    checkKms(
      call,
      secure.map(({ name }) => name),
    );
  }
  return ssmAnswer({
    NextToken: page.nextToken,
    Parameters: page.parameters.map((one) => valueView(store, one, one.latest, withDecryption)),
  });
}
