// Secrets of Secrets Manager, read as /aws/reference/secretsmanager/<secret>.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html

import { createHash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { LOCAL_AWS } from "../known-identities.ts";
import type { Reference } from "./parameter-name.ts";
import type { Parameter, ParameterVersion } from "./parameter-store.ts";
import { validationException } from "./ssm-errors.ts";
import { toSeconds } from "./ssm-input.ts";

/** The version that a staging label or a version id means. Throws ValidationException, ParameterNotFound. */
export function secretVersion(
  parameter: Parameter | undefined,
  { name, selector = "AWSCURRENT" }: Reference,
  withDecryption: boolean,
): { parameter: Parameter; version: ParameterVersion } {
  if (!withDecryption) {
    throw validationException(
      "WithDecryption flag must be True for retrieving a Secret Manager secret.",
    );
  }
  const version = parameter?.versions.find(
    (one) => versionId(parameter, one) === selector || stagesOf(parameter, one).includes(selector),
  );
  if (parameter && version) return { parameter, version };
  throw new AwsError(
    "ParameterNotFound",
    400,
    `An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret ${name.slice(1)} not found.`,
  );
}

/** SSM knows no version of a secret; what Secrets Manager said stands in SourceResult, value and all. */
export function secretView(parameter: Parameter, version: ParameterVersion, selector?: string) {
  const { value, modifiedMs } = version;
  const secret = parameter.name.split("/").slice(4).join("/");
  const { region, accountId } = LOCAL_AWS;
  const arn = `arn:aws:secretsmanager:${region}:${accountId}:secret:${secret}-AbCdEf`;
  const source = {
    ARN: arn,
    name: secret,
    versionId: versionId(parameter, version),
    secretString: value,
    versionStages: stagesOf(parameter, version),
    createdDate: new Date(modifiedMs).toString(),
  };
  return {
    ARN: arn,
    LastModifiedDate: toSeconds(modifiedMs),
    Name: parameter.name,
    ...(selector === undefined ? {} : { Selector: `:${selector}` }),
    SourceResult: JSON.stringify(source),
    Type: "SecureString",
    // a binary secret has none
    ...(value === "" ? {} : { Value: value }),
    Version: 0,
  };
}

function stagesOf({ versions, latest }: Parameter, version: ParameterVersion): string[] {
  if (version === latest) return ["AWSCURRENT"];
  return version === versions.at(-2) ? ["AWSPREVIOUS"] : [];
}

/** A UUID, the same each time. */
export function versionId({ name }: Parameter, { version }: ParameterVersion): string {
  const hex = createHash("sha256").update(`${name}:${version}`).digest("hex");
  return [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ]
    .map(([from, to]) => hex.slice(from, to))
    .join("-");
}
