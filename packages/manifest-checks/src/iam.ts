/** Item 17: the IAM policies of k8s/iam grant what is needed and trust exactly one subject. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "./check.ts";

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Principal?: {
    readonly Federated?: string;
    readonly Service?: string;
    readonly AWS?: string;
  };
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Actions that know no resource (AWS service authorization reference). */
const WITHOUT_RESOURCE = new Set([
  "s3:ListAllMyBuckets",
  "ssm:DescribeParameters",
  "ecr:GetAuthorizationToken",
]);

const many = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

/** Faults of every policy in `folder`. */
export function checkIam(folder: string): Finding[] {
  return readdirSync(folder).flatMap((file) => {
    const { Statement } = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
      Statement: Statement[];
    };
    return Statement.flatMap((statement) => faultsOf(statement)).map((sentence) => ({
      object: `iam/${file}`,
      rule: "iam-policy",
      sentence,
    }));
  });
}

export function faultsOf(statement: Statement): string[] {
  return statement.Principal ? trustFaults(statement) : grantFaults(statement);
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
  return faults;
}

function trustFaults({ Principal, Condition = {} }: Statement): string[] {
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
  return Principal?.AWS?.includes("*") || Principal?.AWS?.endsWith(":root")
    ? ["must name one user or role"]
    : [];
}
