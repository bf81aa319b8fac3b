// The grammar of parameter names and selectors.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html

import { AwsError } from "../aws-error.ts";
import { LOCAL_AWS } from "../known-identities.ts";
import { validationException } from "./ssm-errors.ts";

/** References to Secrets Manager, which SSM passes on. */
const SECRETS = "/aws/reference/secretsmanager/";

const MAX_LENGTH = 1011;
const MAX_LEVELS = 15;

const grammarText = (prefixes = '"ssm"') =>
  `Parameter name: can't be prefixed with ${prefixes} (case-insensitive). If formed as a path, it can consist of ` +
  "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the " +
  "following 3 symbols .-_";

/** Throws ValidationException for a name no parameter can have. */
export function checkName(name: string): void {
  if (!/^\/?[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/.test(name) || !isQualified(name)) {
    throw validationException(grammarText());
  }
  if (name.length > MAX_LENGTH) {
    throw validationException(
      `Parameter name is too long: ${name.length} characters, at most ${MAX_LENGTH} are allowed.`,
    );
  }
}

function isQualified(name: string): boolean {
  return name.startsWith("/") || !name.includes("/");
}

/**
 * The further rules for a name to be created. Throws ValidationException, AccessDeniedException for paths that
 * belong to AWS, HierarchyLevelLimitExceededException.
 */
export function checkNewName(name: string): void {
  if (/^\/aws/i.test(name)) {
    throw new AwsError(
      "AccessDeniedException",
      400,
      `No access to reserved parameter name: ${name.slice(1)}.`,
    );
  }
  if (/^\/?(aws|ssm)/i.test(name)) throw validationException(grammarText('"aws" or "ssm"'));
  if (!isQualified(name)) {
    throw validationException("Parameter name must be a fully qualified name.");
  }
  checkName(name);
  const levels = name.replace(/^\//, "").split("/").length;
  if (levels > MAX_LEVELS) {
    throw new AwsError(
      "HierarchyLevelLimitExceededException",
      400,
      `A hierarchy can have a maximum of ${MAX_LEVELS} levels.`,
    );
  }
}

/** Whose a name is: the account's, AWS's for everybody, Secrets Manager's, or shared by another account. */
export function kindOf(name: string): "own" | "public" | "secret" | "shared" {
  if (name.startsWith("arn:")) return "shared";
  if (name.startsWith(SECRETS)) return "secret";
  return name.startsWith("/aws/") ? "public" : "own";
}

/** A root-level name is the same with its slash and without. */
export const storeKey = (name: string): string => (/^\/[^/]+$/.test(name) ? name.slice(1) : name);

/** With its leading slash, as the resources of IAM policies have it. */
export const rooted = (name: string): string =>
  name.startsWith("/") || name.startsWith("arn:") ? name : `/${name}`;

/** The parts of the ARN of a parameter of another account, with its version or label. */
const SHARED = new RegExp(`^(arn:aws:ssm:${LOCAL_AWS.region}:\\d{12}:parameter/[^:]+)(?::(.+))?$`);

/** `name`, `name:version`, `name:label`, or a parameter's ARN with the same endings. */
export interface Reference {
  readonly name: string;
  readonly selector: string | undefined;
}

/** Splits and checks what a read may name. Throws ValidationException. */
export function parseReference(text: string): Reference {
  const { region, accountId } = LOCAL_AWS;
  const arnStart = `arn:aws:ssm:${region}:${accountId}:parameter/`;
  if (text.startsWith(arnStart)) {
    const rest = text.slice(arnStart.length);
    return parseReference(rest.split(":", 1)[0]?.includes("/") ? `/${rest}` : rest);
  }
  const shared = SHARED.exec(text);
  if (shared) return { name: shared[1] ?? "", selector: shared[2] };
  const [name = "", selector, ...more] = text.split(":");
  if (more.length > 0 || selector === "") throw validationException(grammarText());
  checkName(name);
  return { name, selector };
}

/** Throws ValidationException for a path GetParametersByPath or a Path filter would not take. */
export function checkPath(path: string): void {
  if (/^(\/[A-Za-z0-9_.-]+)*\/?$/.test(path) && path !== "") return;
  throw validationException(
    'The parameter doesn\'t meet the parameter name requirements. The parameter name must begin with a forward slash "/". ' +
      'It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the ' +
      "following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, " +
      'if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.',
  );
}
