/** Item 17: the IAM policies of k8s/iam grant what is needed, trust exactly one subject and keep all others out of an API. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Finding } from "./check.ts";

type OneOrMore = string | readonly string[];

interface Statement {
  readonly Effect: string;
  readonly Action: OneOrMore;
  readonly Resource?: OneOrMore;
  readonly NotResource?: OneOrMore;
  readonly NotPrincipal?: unknown;
  readonly Principal?: "*" | Readonly<Record<string, OneOrMore>>;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;
}

/** Actions that know no resource (AWS service authorization reference). */
const WITHOUT_RESOURCE = new Set([
  "s3:ListAllMyBuckets",
  "ssm:DescribeParameters",
  "ecr:GetAuthorizationToken",
]);

const INVOKE = "execute-api:Invoke";
/** One method of one stage of one API; only its path may end in what varies. */
const ONE_METHOD = /^arn:aws:execute-api:[a-z0-9-]+:\d{12}:\w+\/\w+\/[A-Z]+(\/[\w-]+)*(\/\*)?$/;
const ONE_ROLE = /^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/;

const many = (value: OneOrMore | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

/** Faults of every policy in `folder`. */
export function checkIam(folder: string): Finding[] {
  return readdirSync(folder).flatMap((file) => {
    const { Statement } = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
      Statement: Statement[];
    };
    const faults = [...Statement.flatMap((one) => faultsOf(one)), ...apiFaults(Statement)];
    return faults.map((sentence) => ({ object: `iam/${file}`, rule: "iam-policy", sentence }));
  });
}

export function faultsOf(statement: Statement): string[] {
  if (statement.NotPrincipal !== undefined)
    return ["must not use NotPrincipal, which each session of a role passes by"];
  if (statement.Effect === "Deny") return [];
  return statement.Principal ? trustFaults(statement) : grantFaults(statement);
}

/**
 * What is missing in the policy of an API. Within one account the Allow of a caller's own policy is enough, so it is
 * the Denies that keep others out.
 */
export function apiFaults(statements: readonly Statement[]): string[] {
  const isAbout = (one: Statement) => one.Principal && many(one.Action).includes(INVOKE);
  const allows = statements.filter((one) => one.Effect === "Allow" && isAbout(one));
  if (allows.length === 0) return [];
  const roles = allows.flatMap(({ Principal }) =>
    typeof Principal === "object" ? many(Principal.AWS) : [],
  );
  const methods = allows.flatMap(({ Resource }) => many(Resource));
  const denies = (operator: string, key: string, values: readonly string[]) =>
    statements.some(
      ({ Effect, Principal, Resource, Condition = {} }) =>
        Effect === "Deny" &&
        Principal === "*" &&
        many(Resource).every((one) => /^arn:[^/]+\/\*$/.test(one)) &&
        isDeepStrictEqual(Object.keys(Condition), [operator]) &&
        isDeepStrictEqual(Object.keys(Condition[operator] ?? {}), [key]) &&
        isDeepStrictEqual(many(Condition[operator]?.[key]), values),
    );
  const isRestDenied = statements.some(
    ({ Effect, Principal, NotResource, Condition }) =>
      Effect === "Deny" &&
      Principal === "*" &&
      !Condition &&
      isDeepStrictEqual(many(NotResource), methods),
  );
  const isWide = roles.length === 0 || !roles.every((role) => ONE_ROLE.test(role));
  return [
    isWide && "must allow roles by their ARNs",
    !denies("StringNotEquals", "aws:PrincipalArn", roles) &&
      "must deny all other principals, by aws:PrincipalArn",
    !isRestDenied && "must deny all other methods, by NotResource",
    !denies("Bool", "aws:SecureTransport", ["false"]) && "must deny plain HTTP",
  ].filter((sentence) => sentence !== false);
}

function grantFaults({ Action, Resource, Effect }: Statement): string[] {
  const actions = many(Action);
  const faults = actions
    .filter((action) => action.includes("*"))
    .map((action) => `must not grant ${action}`);
  const isBroad = Effect === "Allow" && many(Resource).some((resource) => resource === "*");
  const needsName = actions.find((action) => !WITHOUT_RESOURCE.has(action));
  if (isBroad && needsName) faults.push(`must name the resources of ${needsName}`);
  const isParameters = actions.some((action) => action.startsWith("ssm:GetParameter"));
  const isScoped = many(Resource).every((one) => /:parameter\/[\w-]+\/[\w-]+\/\*$/.test(one));
  if (isParameters && !isScoped)
    faults.push("must grant parameters below /<application>/<environment>/ only");
  return [...faults, ...methodFaults(actions, Resource)];
}

function methodFaults(actions: readonly string[], resource: OneOrMore | undefined): string[] {
  const wide = actions.includes(INVOKE) && many(resource).find((one) => !ONE_METHOD.test(one));
  return wide ? [`must name API, stage, method and path, not ${wide}`] : [];
}

function trustFaults({ Principal, Action, Resource, Condition = {} }: Statement): string[] {
  if (many(Action).includes(INVOKE)) return methodFaults(many(Action), Resource);
  if (Principal === "*") return ["must name one user or role"];
  const equals = { ...Condition.StringEquals, ...Condition.ArnEquals };
  const pinned = (suffix: string) =>
    Object.entries(equals).some(
      ([key, value]) => key.endsWith(suffix) && value && !value.includes("*"),
    );
  if (Condition.StringLike) return ["must compare with StringEquals, not StringLike"];
  if (Principal?.Federated) {
    return [":sub", ":aud"]
      .filter((key) => !pinned(key))
      .map((key) => `must pin ${key.slice(1)} with StringEquals`);
  }
  if (Principal?.Service) {
    return ["kubernetes-namespace", "kubernetes-service-account", "aws:SourceArn"]
      .filter((key) => !pinned(key))
      .map((key) => `must pin ${key}`);
  }
  const isOne = many(Principal?.AWS).every((arn) => !arn.includes("*") && !arn.endsWith(":root"));
  return isOne ? [] : ["must name one user or role"];
}
