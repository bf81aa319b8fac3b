/** The repositories and the roles: what is there before anything runs, and stays when the execution API goes. */
import { CfnOutput, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Repository, TagMutability } from "aws-cdk-lib/aws-ecr";
import { CfnRole } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import type { Context } from "../src/context.ts";
import {
  auxPermissions,
  mayAssumeAux,
  REPOSITORIES,
  releasePermissions,
} from "../src/policies/permissions.ts";
import {
  type Service,
  trustIrsa,
  trustLambda,
  trustLambdaRole,
  trustPodIdentity,
  trustRelease,
} from "../src/policies/trust.ts";
import { type PolicyDocument, policy } from "../src/policy-document.ts";
import { acknowledgeWildcards } from "./acknowledged.ts";
import { namesFor } from "./names.ts";
import { mayWriteLog } from "./write-log.ts";

export class FoundationStack extends Stack {
  constructor(scope: Construct, context: Context) {
    const names = namesFor(context);
    super(scope, names.foundation, {
      env: { account: context.account, region: context.region },
      description: "Airlock: image repositories, and the roles of aux, gateway and releases",
    });
    for (const repositoryName of REPOSITORIES)
      new Repository(this, repositoryName, {
        repositoryName,
        imageTagMutability: TagMutability.IMMUTABLE,
        imageScanOnPush: true,
        removalPolicy: RemovalPolicy.RETAIN,
      });

    const trust = (service: Service) =>
      context.workloadIdentity === "irsa"
        ? trustIrsa(context, service)
        : trustPodIdentity(context, service);
    const lambda = this.#role("AuxLambda", context.lambdaRole, trustLambda(context), {
      "assume-aux": mayAssumeAux(context),
      "write-log": mayWriteLog(context, names.lambdaLog),
    });
    const { Statement } = trust("aux");
    const auxTrust = policy(...Statement, trustLambdaRole(context));
    const aux = this.#role("Aux", context.auxRole, auxTrust, {
      "airlock-aux": auxPermissions(context),
    });
    // a trust policy can name a role only when it is there
    aux.addResourceDependency(lambda);
    // what it may do is in the stack of the API, whose id it names
    this.#role("Gateway", context.gatewayRole, trust("gateway"));
    this.#role("Release", `airlock-release-${context.environment}`, trustRelease(context), {
      "airlock-release": releasePermissions(context),
    });
  }

  #role(
    id: string,
    roleName: string,
    assumeRolePolicyDocument: PolicyDocument,
    policies: Readonly<Record<string, PolicyDocument>> = {},
  ): CfnRole {
    const role = new CfnRole(this, `${id}Role`, {
      roleName,
      assumeRolePolicyDocument,
      maxSessionDuration: 3600,
      policies: Object.entries(policies).map(([policyName, policyDocument]) => ({
        policyName,
        policyDocument,
      })),
    });
    new CfnOutput(this, `${id}RoleArn`, { value: role.attrArn });
    acknowledgeWildcards(role, policies);
    return role;
  }
}
