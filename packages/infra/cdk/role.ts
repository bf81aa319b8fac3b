/** A role as our policies have it: its documents are those of k8s/iam, word for word. */
import { CfnOutput } from "aws-cdk-lib";
import { CfnRole } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import type { PolicyDocument } from "../src/policy-document.ts";
import { acknowledgeWildcards } from "./acknowledged.ts";

/** Its ARN is an output of the stack. */
export function role(
  scope: Construct,
  id: string,
  roleName: string,
  assumeRolePolicyDocument: PolicyDocument,
  policies: Readonly<Record<string, PolicyDocument>> = {},
): CfnRole {
  const made = new CfnRole(scope, `${id}Role`, {
    roleName,
    assumeRolePolicyDocument,
    maxSessionDuration: 3600,
    policies: Object.entries(policies).map(([policyName, policyDocument]) => ({
      policyName,
      policyDocument,
    })),
  });
  new CfnOutput(scope, `${id}RoleArn`, { value: made.attrArn });
  acknowledgeWildcards(made, policies);
  return made;
}
