// GetParameter and GetParameters: values by name, version or label.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html

import { z } from "zod";
import { AwsError } from "../aws-error.ts";
import type { WireAnswer } from "../wire.ts";
import type { Call } from "../world.ts";
import { checkIam, checkKms } from "./denials.ts";
import { kindOf, parseReference, type Reference, storeKey } from "./parameter-name.ts";
import type { Parameter, ParameterVersion } from "./parameter-store.ts";
import { secretVersion, secretView } from "./secrets.ts";
import { parameterNotFound, parameterVersionNotFound, validationException } from "./ssm-errors.ts";
import { ssmAnswer, ssmInput, validate } from "./ssm-input.ts";
import { valueView } from "./value-view.ts";

interface Found {
  readonly parameter: Parameter;
  readonly version: ParameterVersion;
  readonly reference: Reference;
}

/** The version a reference means. Throws ParameterNotFound, ParameterVersionNotFound, AccessDeniedException. */
function find(call: Call, reference: Reference, withDecryption: boolean): Found {
  const { name, selector } = reference;
  const kind = kindOf(name);
  const parameter = call.world.parameters.find(name);
  if (kind === "secret") {
    const version = secretVersion(parameter, reference, withDecryption);
    return { ...version, reference };
  }
  // whether another account has it is nobody's to know
  if (parameter === undefined && kind === "shared") throw notShared(name);
  if (parameter === undefined) throw parameterNotFound();
  const version = parameter.versions.find((one) =>
    /^\d+$/.test(selector ?? "")
      ? one.version === Number(selector)
      : one.labels.has(selector ?? ""),
  );
  if (selector === undefined) return { parameter, version: parameter.latest, reference };
  if (version === undefined) throw parameterVersionNotFound(name, selector);
  return { parameter, version, reference };
}

const notShared = (arn: string) =>
  new AwsError(
    "AccessDeniedException",
    400,
    `You are not authorized to perform ssm:GetParameters on resource: ${arn} because no resource-based policy allows it`,
  );

/** What is found of the references, as the caller may have it. */
function viewsOf(call: Call, found: readonly Found[], withDecryption: boolean): object[] {
  const secure = found.filter(({ version }) => version.type === "SecureString");
  if (withDecryption) {
    checkKms(
      call,
      secure.map(({ parameter }) => parameter.name),
    );
  }
  return found.map(({ parameter, version, reference: { selector } }) =>
    kindOf(parameter.name) === "secret"
      ? secretView(parameter, version, selector)
      : valueView(call.world.parameters, parameter, version, withDecryption, selector),
  );
}

export function getParameter(call: Call): WireAnswer {
  const input = ssmInput(
    call.request,
    z.object({ Name: z.string().optional(), WithDecryption: z.boolean().optional() }),
  );
  validate([{ member: "name", value: input.Name, required: true, minLength: 1 }]);
  const reference = parseReference(input.Name ?? "");
  checkIam(call, [reference.name]);
  const withDecryption = input.WithDecryption ?? false;
  const found = find(call, reference, withDecryption);
  const [Parameter] = viewsOf(call, [found], withDecryption);
  return ssmAnswer({ Parameter });
}

export function getParameters(call: Call): WireAnswer {
  const input = ssmInput(
    call.request,
    z.object({ Names: z.array(z.string()).optional(), WithDecryption: z.boolean().optional() }),
  );
  validate([{ member: "names", value: input.Names, required: true, minLength: 1, maxLength: 10 }]);
  const texts = input.Names ?? [];
  const references = texts.map(parseReference);
  checkEachOnce(references);
  checkIam(
    call,
    references.map(({ name }) => name),
  );
  const withDecryption = input.WithDecryption ?? false;
  const found: Found[] = [];
  const invalid: string[] = [];
  for (const [index, reference] of references.entries()) {
    try {
      found.push(find(call, reference, withDecryption));
    } catch (error) {
      // An unknown name or version is not an error here: it is reported beside the others.
      if (!(error instanceof AwsError) || error.code === "AccessDeniedException") throw error;
      invalid.push(texts[index] ?? "");
    }
  }
  return ssmAnswer({
    InvalidParameters: invalid,
    Parameters: viewsOf(call, found, withDecryption),
  });
}

/** Throws ValidationException when two references name one parameter, whichever way it is spelt. */
function checkEachOnce(references: readonly Reference[]): void {
  const keys = references.map(({ name, selector }) => `${storeKey(name)}:${selector ?? ""}`);
  if (new Set(keys).size === keys.length) return;
  throw validationException("Parameter names must be unique within one request.");
}
