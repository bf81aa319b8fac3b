/** What SSM answers → what is on our wire. Names leave it in their one spelling alone. */
import {
  canonicalParameterName,
  isSecretReference,
  type Parameter,
  type ParameterName,
  type Parameters,
  type ParameterType,
  ProblemError,
} from "@airlock/contract";
import type {
  GetParametersResult,
  ParameterMetadata,
  Parameter as SsmParameter,
} from "@aws-sdk/client-ssm";
import { awsProblem, UnusableAnswerError } from "../errors.ts";
import type { Reference } from "./reference.ts";

export type ParameterInfo = Parameters["parameters"][number];

const TYPES: ReadonlySet<string> = new Set<ParameterType>(["String", "StringList", "SecureString"]);
const isType = (type: string | undefined): type is ParameterType =>
  type !== undefined && TYPES.has(type);

/** @throws ProblemError aws_error for what lacks a part that SSM always gives. */
function parameterFrom(found: SsmParameter, name: ParameterName): Parameter {
  const { Value, Type, LastModifiedDate } = found;
  const isSecret = isSecretReference(name);
  // Secrets Manager counts no versions: SSM says 0, or nothing
  const version = found.Version || (isSecret ? 0 : undefined);
  if (isSecret && Value === undefined && Type === "SecureString") throw binarySecret();
  if (Value === undefined || !isType(Type) || version === undefined || !LastModifiedDate) {
    throw unusable("all parts of a parameter");
  }
  return {
    name,
    value: Value,
    type: Type,
    version,
    last_modified: LastModifiedDate.toISOString(),
    ...(Type === "StringList" && { values: Value.split(",") }),
  };
}

/**
 * What an answer of GetParameters says of each name that was asked for, by its reference: the
 * parameter, that there is none, or nothing, which is no answer.
 */
export function answersFrom(
  { Parameters, InvalidParameters }: GetParametersResult,
  references: readonly Reference[],
): Map<string, Parameter | ProblemError> {
  const asked = new Set<string>(references.map(({ name }) => name));
  // a shared parameter may be called as in its own account, as one of ours may be too
  const nameOf = ({ ARN = "", Name = "" }: SsmParameter) =>
    asked.has(ARN) ? ARN : canonicalParameterName(Name);
  const found = new Map((Parameters ?? []).map((one) => [nameOf(one), one]));
  const invalid = new Set(InvalidParameters ?? []);
  return new Map(
    references.map(({ name, text }) => {
      if (invalid.has(text)) return [text, awsProblem("parameter_not_found")];
      const one = found.get(name);
      if (!one) return [text, unusable("a name that was asked for")];
      return [text, orProblem(() => parameterFrom(one, name))];
    }),
  );
}

/**
 * The parameters of one page of a tree; those that cannot be named in a request, or are of a type that is
 * none here, are left out.
 *
 * @throws ProblemError aws_error for what is no page.
 */
export function treeItemsFrom(page: { Parameters?: SsmParameter[] | undefined }): Parameter[] {
  return demand(page.Parameters, "parameters").flatMap((one) => {
    const name = nameFrom(one);
    return name === undefined || !isType(one.Type) ? [] : [parameterFrom(one, name)];
  });
}

/** The same for a page of descriptions. @throws ProblemError aws_error */
export function descriptionsFrom(page: {
  Parameters?: ParameterMetadata[] | undefined;
}): (ParameterInfo & { version: number })[] {
  return demand(page.Parameters, "parameters").flatMap((one) => {
    const name = nameFrom(one);
    const { Type, Version, LastModifiedDate } = one;
    if (name === undefined || !isType(Type)) return [];
    if (!Version || !LastModifiedDate) {
      throw unusable("all parts of a description");
    }
    return [{ name, type: Type, version: Version, last_modified: LastModifiedDate.toISOString() }];
  });
}

/** @throws ProblemError aws_error for an item without a name or a type. */
function nameFrom({
  Name,
  Type,
}: {
  readonly Name?: string | undefined;
  readonly Type?: string | undefined;
}): ParameterName | undefined {
  demand(Type, "a type");
  return canonicalParameterName(demand(Name, "a name"));
}

/** By code units, as cursors compare names. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function demand<T>(part: T | undefined, what: string): T {
  if (part === undefined || part === null) throw unusable(what);
  return part;
}

function orProblem(make: () => Parameter): Parameter | ProblemError {
  try {
    return make();
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
}

/** Neither here nor not here: AWS, or something before it, is not itself. */
const unusable = (what: string) => awsProblem("aws_error", new UnusableAnswerError(what));

const binarySecret = () =>
  new ProblemError("aws_rejected_request", "This secret is binary, and SSM gives text alone.");
