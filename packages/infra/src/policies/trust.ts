/** Who may take a role: one ServiceAccount of one cluster, one user, one workflow. */
import type { Context } from "../context.ts";
import { type PolicyDocument, policy, type Statement } from "../policy-document.ts";

/** A ServiceAccount in the namespace of the same name. */
export type Service = "aux" | "gateway";

/** By the cluster's OIDC provider; subject and audience are pinned. */
export function trustIrsa(context: Context, service: Service): PolicyDocument {
  const { account, oidcIssuer } = context;
  return policy({
    Effect: "Allow",
    Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/${oidcIssuer}` },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: {
      StringEquals: {
        [`${oidcIssuer}:aud`]: "sts.amazonaws.com",
        [`${oidcIssuer}:sub`]: `system:serviceaccount:${service}:${service}`,
      },
    },
  });
}

/** By EKS Pod Identity; cluster, namespace and account are pinned. */
export function trustPodIdentity(context: Context, service: Service): PolicyDocument {
  const { account, region, cluster } = context;
  return policy({
    Effect: "Allow",
    Principal: { Service: "pods.eks.amazonaws.com" },
    Action: ["sts:AssumeRole", "sts:TagSession"],
    Condition: {
      StringEquals: {
        "aws:SourceAccount": account,
        "aws:RequestTag/kubernetes-namespace": service,
        "aws:RequestTag/kubernetes-service-account": service,
      },
      ArnEquals: { "aws:SourceArn": `arn:aws:eks:${region}:${account}:cluster/${cluster}` },
    },
  });
}

/** By the key of one IAM user, for clusters outside AWS. */
export function trustStatic({ account, baseUser }: Context): PolicyDocument {
  return policy({
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${account}:user/${baseUser}` },
    Action: "sts:AssumeRole",
    Condition: { StringEquals: { "sts:RoleSessionName": "aux-session" } },
  });
}

/** By Lambda, for functions of this account. */
export function trustLambda({ account }: Context): PolicyDocument {
  return policy({
    Effect: "Allow",
    Principal: { Service: "lambda.amazonaws.com" },
    Action: "sts:AssumeRole",
    Condition: { StringEquals: { "aws:SourceAccount": account } },
  });
}

/** The Lambda takes aux's role as pods do. */
export function trustLambdaRole({ account, lambdaRole }: Context): Statement {
  return {
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${account}:role/${lambdaRole}` },
    Action: "sts:AssumeRole",
  };
}

/** By one workflow's environment of one repository. */
export function trustRelease({ account, releasedFrom }: Context): PolicyDocument {
  const issuer = "token.actions.githubusercontent.com";
  return policy({
    Effect: "Allow",
    Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/${issuer}` },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: {
      StringEquals: { [`${issuer}:aud`]: "sts.amazonaws.com", [`${issuer}:sub`]: releasedFrom },
    },
  });
}
