/** What SSM answers → what is on our wire. */
import type { Parameter, Parameters, ParameterType } from "@airlock/contract";
import type { ParameterMetadata, Parameter as SsmParameter } from "@aws-sdk/client-ssm";

export type ParameterInfo = Parameters["parameters"][number];

const TYPES: ReadonlySet<string> = new Set<ParameterType>(["String", "StringList", "SecureString"]);
const isType = (type: string | undefined): type is ParameterType =>
  type !== undefined && TYPES.has(type);

/** Undefined for what lacks a part that SSM always gives. */
export function parameterFrom(found: SsmParameter): Parameter | undefined {
  const { Name, Value, Type, Version, LastModifiedDate } = found;
  if (!Name || Value === undefined || !isType(Type) || !Version || !LastModifiedDate) {
    return undefined;
  }
  return {
    name: Name,
    value: Value,
    type: Type,
    version: Version,
    last_modified: LastModifiedDate.toISOString(),
    ...(Type === "StringList" && { values: Value.split(",") }),
  };
}

export function infoFrom({
  Name,
  Type,
  LastModifiedDate,
}: ParameterMetadata): ParameterInfo | undefined {
  if (!Name || !isType(Type) || !LastModifiedDate) return undefined;
  return { name: Name, type: Type, last_modified: LastModifiedDate.toISOString() };
}

/** By code units, as cursors compare names. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
