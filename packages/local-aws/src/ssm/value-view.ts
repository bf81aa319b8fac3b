// A parameter as the reading operations return it.

import { kindOf } from "./parameter-name.ts";
import type { Parameter, ParameterStore, ParameterVersion } from "./parameter-store.ts";
import { parameterArn, toSeconds } from "./ssm-input.ts";

export function valueView(
  store: ParameterStore,
  { name }: Parameter,
  version: ParameterVersion,
  withDecryption: boolean,
  selector?: string,
) {
  const sealed = version.type === "SecureString" && !withDecryption;
  return {
    ARN: parameterArn(name),
    DataType: version.dataType,
    LastModifiedDate: toSeconds(version.modifiedMs),
    Name: kindOf(name) === "shared" ? nameInArn(name) : name,
    ...(selector === undefined ? {} : { Selector: `:${selector}` }),
    Type: version.type,
    Value: sealed ? store.ciphertext(name, version) : version.value,
    Version: version.version,
  };
}

/** The name that a shared parameter has in its own account. */
function nameInArn(arn: string): string {
  const name = arn.slice(arn.indexOf(":parameter/") + ":parameter/".length);
  return name.includes("/") ? `/${name}` : name;
}
