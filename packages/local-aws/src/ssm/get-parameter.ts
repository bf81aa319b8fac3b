// GetParameter and GetParameters: values by name, version or label.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html

import { z } from "zod";
import { AwsError } from "../aws-error.ts";
import type { WireAnswer } from "../wire.ts";
import type { Call } from "../world.ts";
import { parseReference, type Reference } from "./parameter-name.ts";
import type { Parameter, ParameterStore, ParameterVersion } from "./parameter-store.ts";
import { parameterNotFound, parameterVersionNotFound } from "./ssm-errors.ts";
import { parameterArn, ssmAnswer, ssmInput, toSeconds, validate } from "./ssm-input.ts";

const nameList = z.array(z.string());

/** A parameter as the reading operations return it. */
export function valueView(
  store: ParameterStore,
  name: string,
  version: ParameterVersion,
  withDecryption: boolean,
  selector?: string,
) {
  const sealed = version.type === "SecureString" && !withDecryption;
  return {
    ARN: parameterArn(name),
    DataType: version.dataType,
    LastModifiedDate: toSeconds(version.modifiedMs),
    Name: name,
    ...(selector === undefined ? {} : { Selector: `:${selector}` }),
    Type: version.type,
    Value: sealed ? store.ciphertext(name, version) : version.value,
    Version: version.version,
  };
}

/** The version a reference means. Throws ParameterNotFound or ParameterVersionNotFound. */
function versionOf(parameter: Parameter | undefined, reference: Reference): ParameterVersion {
  if (parameter === undefined) throw parameterNotFound();
  const { name, selector } = reference;
  if (selector === undefined) return parameter.latest;
  const found = parameter.versions.find((version) =>
    /^\d+$/.test(selector) ? version.version === Number(selector) : version.labels.has(selector),
  );
  if (found === undefined) throw parameterVersionNotFound(name, selector);
  return found;
}

export function getParameter(call: Call): WireAnswer {
  const input = ssmInput(
    call.request,
    z.object({ Name: z.string().optional(), WithDecryption: z.boolean().optional() }),
  );
  validate([{ member: "name", value: input.Name, required: true, minLength: 1 }]);
  const reference = parseReference(input.Name ?? "");
  const store = call.world.parameters;
  const version = versionOf(store.find(reference.name), reference);
  const decrypt = input.WithDecryption ?? false;
  return ssmAnswer({
    Parameter: valueView(store, reference.name, version, decrypt, reference.selector),
  });
}

export function getParameters(call: Call): WireAnswer {
  const input = ssmInput(
    call.request,
    z.object({ Names: nameList.optional(), WithDecryption: z.boolean().optional() }),
  );
  validate([{ member: "names", value: input.Names, required: true, minLength: 1, maxLength: 10 }]);
  const store = call.world.parameters;
  const found: object[] = [];
  const invalid: string[] = [];
  for (const text of new Set(input.Names)) {
    const reference = parseReference(text);
    try {
      const version = versionOf(store.find(reference.name), reference);
      const decrypt = input.WithDecryption ?? false;
      found.push(valueView(store, reference.name, version, decrypt, reference.selector));
    } catch (error) {
      // An unknown name or version is not an error here: it is reported beside the others.
      if (!(error instanceof AwsError)) throw error;
      invalid.push(text);
    }
  }
  return ssmAnswer({ InvalidParameters: invalid, Parameters: found });
}
