/** Findings of cdk-nag that stay, each with its reason. */

import type { CfnResource } from "aws-cdk-lib";
import { type Stack, Stack as StackOf, Token, Validations } from "aws-cdk-lib";
import type { PolicyDocument } from "../src/policy-document.ts";

const PREFIX = "AwsSolutions::AwsSolutions-";

const REASONS: Readonly<Record<string, string>> = {
  APIG2: "aux checks every request against its own schemas, the same ones behind either route",
  APIG3:
    "nobody gets past IAM but one role of this account; a firewall would see its requests only",
  COG4: "services sign with IAM roles; there are no users here whom Cognito could know",
};

export function acknowledgeFindings(stack: Stack): void {
  for (const [id, reason] of Object.entries(REASONS))
    Validations.of(stack).acknowledge({ id: PREFIX + id, reason });
}

/** Where a `*` may stand in what a role is granted, and why. Any other one stays a finding. */
const WILDCARDS: readonly (readonly [resource: RegExp, actions: RegExp, reason: string])[] = [
  [
    /^\*$/,
    /^(s3:ListAllMyBuckets|ssm:DescribeParameters|ecr:GetAuthorizationToken)$/,
    "the action knows no resource",
  ],
  [/^arn:aws:s3:::[\w.-]+\/\*$/, /^s3:GetObject(Version)?$/, "the objects of one bucket"],
  [
    /^arn:aws:ssm:[\w-]+:\d{12}:parameter\/[\w.-]+\/[\w.-]+\/\*$/,
    /^ssm:GetParameter(s|sByPath)?$/,
    "the parameters of one application in one environment",
  ],
  [
    /^arn:aws:logs:[\w-]+:\d{12}:log-group:[\w/-]+:\*$/,
    /^logs:(CreateLogStream|PutLogEvents)$/,
    "the streams of one log group",
  ],
  [
    /^arn:aws:execute-api:[\w-]+:\d{12}:\S+\/\w+\/GET(\/\w+)+\/\*$/,
    /^execute-api:Invoke$/,
    "names of parameters and buckets below one path of one method",
  ],
];

/** Each wildcard of `policies` that is one of those above; the finding's id has the resource in it. */
export function acknowledgeWildcards(
  resource: CfnResource,
  policies: Readonly<Record<string, PolicyDocument>>,
): void {
  const granted = Object.values(policies).flatMap(({ Statement }) => Statement);
  for (const { Action, Resource = [] } of granted) {
    for (const name of [Resource].flat().filter((one) => one.includes("*"))) {
      const known = WILDCARDS.find(
        ([pattern, actions]) =>
          pattern.test(name) && [Action].flat().every((action) => actions.test(action)),
      );
      if (!known) continue;
      const id = `${PREFIX}IAM5[Resource::${nameInFinding(resource, name)}]`;
      Validations.of(resource).acknowledge({ id, reason: known[2] });
    }
  }
}

/** cdk-nag writes a reference as its logical id in pointed brackets. */
function nameInFinding(scope: CfnResource, name: string): string {
  if (!Token.isUnresolved(name)) return name;
  const { "Fn::Join": joined } = StackOf.of(scope).resolve(name) as {
    "Fn::Join": [string, (string | { Ref: string })[]];
  };
  return joined[1].map((part) => (typeof part === "string" ? part : `<${part.Ref}>`)).join("");
}
