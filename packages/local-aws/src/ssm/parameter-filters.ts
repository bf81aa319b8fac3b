// ParameterFilters: which parameters a listing is about.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html

import { z } from "zod";
import { AwsError } from "../aws-error.ts";
import { checkPath, rooted } from "./parameter-name.ts";
import type { Parameter } from "./parameter-store.ts";
import { validationException } from "./ssm-errors.ts";
import { validate } from "./ssm-input.ts";

export const parameterFilters = z.array(
  z.object({
    Key: z.string(),
    Option: z.string().optional(),
    Values: z.array(z.string()).optional(),
  }),
);
type Filter = z.output<typeof parameterFilters>[number];
type Match = (parameter: Parameter) => boolean;

interface Rule {
  /** The first one is meant where none is given. */
  readonly options: readonly string[];
  readonly match: (parameter: Parameter, option: string, value: string) => boolean;
}

const text = (
  read: (parameter: Parameter) => string | undefined,
  options: readonly string[],
): Rule => ({
  options,
  match: (parameter, option, value) => {
    const have = read(parameter);
    if (have === undefined) return false;
    if (option === "BeginsWith") return have.startsWith(value);
    return option === "Contains" ? have.includes(value) : have === value;
  },
});

const RULES: Readonly<Record<string, Rule>> = {
  Name: {
    options: ["Equals", "BeginsWith", "Contains"],
    match: ({ name }, option, value) => {
      if (option === "Contains") return name.includes(value);
      // A leading slash makes no difference to these two.
      const [have, wanted] = [rooted(name), rooted(value)];
      return option === "Equals" ? have === wanted : have.startsWith(wanted);
    },
  },
  Type: text(({ latest }) => latest.type, ["Equals", "BeginsWith"]),
  KeyId: text(({ latest }) => latest.keyId, ["Equals", "BeginsWith"]),
  Tier: text(({ latest }) => latest.tier, ["Equals"]),
  DataType: text(({ latest }) => latest.dataType, ["Equals"]),
  Path: {
    options: ["OneLevel", "Recursive"],
    match: ({ name }, option, value) => isUnder(name, value, option === "Recursive"),
  },
  Label: { options: ["Equals"], match: ({ latest }, _option, value) => latest.labels.has(value) },
};

/** Whether a name lies under a path: directly, or at any depth. */
export function isUnder(name: string, path: string, recursive: boolean): boolean {
  const base = path.endsWith("/") ? path : `${path}/`;
  // A root-level name without a slash lies directly under "/".
  const full = rooted(name);
  if (!full.startsWith(base)) return false;
  return recursive || !full.slice(base.length).includes("/");
}

const KNOWN_KEYS = /^(tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType)$/;

/** One predicate for all filters. Throws ValidationException, InvalidFilterKey, InvalidFilterOption, InvalidFilterValue. */
export function filterMatch(filters: readonly Filter[], allowedKeys: readonly string[]): Match {
  const keys = filters.map(({ Key }) => Key);
  validate(
    keys.map((value, index) => ({
      member: `parameterFilters.${index + 1}.member.key`,
      value,
      pattern: KNOWN_KEYS,
    })),
  );
  if (new Set(keys).size < keys.length) {
    throw new AwsError(
      "InvalidFilterKey",
      400,
      "A filter key is duplicated in the request. A request can contain only one occurrence of a specific filter.",
    );
  }
  const matches = filters.map((filter) => singleMatch(filter, allowedKeys));
  return (parameter) => matches.every((match) => match(parameter));
}

function singleMatch(filter: Filter, allowedKeys: readonly string[]): Match {
  const rule = allowedKeys.includes(filter.Key) ? RULES[filter.Key] : undefined;
  if (rule === undefined) {
    throw new AwsError(
      "InvalidFilterKey",
      400,
      `The following filter key is not valid: ${filter.Key}. Valid filter keys include: [${allowedKeys.join(", ")}].`,
    );
  }
  const option = filter.Option ?? rule.options[0] ?? "Equals";
  if (!rule.options.includes(option)) {
    throw new AwsError(
      "InvalidFilterOption",
      400,
      `The following filter option is not valid: ${option}. Valid options include: [${rule.options.join(", ")}].`,
    );
  }
  const values = filter.Values ?? [];
  if (values.length === 0 || values.length > 50) {
    throw new AwsError(
      "InvalidFilterValue",
      400,
      `The following filter values are missing or too many for key: ${filter.Key}.`,
    );
  }
  if (filter.Key === "Path") for (const value of values) checkPath(value);
  if (filter.Key === "Name") for (const value of values) checkNameFilter(value);
  return (parameter) => values.some((value) => rule.match(parameter, option, value));
}

/** Throws ValidationException for a name that no parameter of the account can have. */
function checkNameFilter(value: string): void {
  if (/^[A-Za-z0-9_./-]*$/.test(value) && !/^\/?(aws|ssm)/i.test(value)) return;
  throw validationException(
    `The following filter value is not valid: ${value}. It must be the name of a parameter of this account.`,
  );
}
