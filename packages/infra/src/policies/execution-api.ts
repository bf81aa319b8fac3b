/** Who may call the execution API, and for what: the policy of the API, and that of the one role. */
import { METHODS } from "../methods.ts";
import { type PolicyDocument, policy, type Statement } from "../policy-document.ts";

export interface ExecutionApi {
  readonly account: string;
  readonly region: string;
  /** In a policy of the API's own it may be `*`: that policy is about no other one. */
  readonly apiId: string;
  readonly stage: string;
  /** ARNs of the roles that may invoke it, as `aws:PrincipalArn` has them: with their paths, never a session's. */
  readonly roles: readonly string[];
  readonly vpcEndpoint?: string | undefined;
}

const ACTION = "execute-api:Invoke";

/** Every method that may be invoked, by its ARN. */
export function methodArns({
  account,
  region,
  apiId,
  stage,
}: Omit<ExecutionApi, "roles">): string[] {
  const prefix = `arn:aws:execute-api:${region}:${account}:${apiId}/${stage}`;
  return METHODS.map((method) => `${prefix}/${method}`);
}

/**
 * The API's resource policy. In one account either side's Allow is enough, so what others' identity policies may
 * allow is denied here: other principals, other methods and stages, plain HTTP. `NotPrincipal` would need each session.
 */
export function executionApiPolicy(api: ExecutionApi): PolicyDocument {
  const { account, region, apiId, roles, vpcEndpoint } = api;
  const methods = methodArns(api);
  const deny = (Sid: string, Condition: Statement["Condition"]): Statement => ({
    Sid,
    Effect: "Deny",
    Principal: "*",
    Action: ACTION,
    Resource: `arn:aws:execute-api:${region}:${account}:${apiId}/*`,
    ...(Condition && { Condition }),
  });
  return policy(
    {
      Sid: "InvokeMethods",
      Effect: "Allow",
      Principal: { AWS: roles },
      Action: ACTION,
      Resource: methods,
    },
    deny("NoOtherPrincipal", { StringNotEquals: { "aws:PrincipalArn": roles } }),
    {
      Sid: "NoOtherMethod",
      Effect: "Deny",
      Principal: "*",
      Action: ACTION,
      NotResource: methods,
    },
    deny("NoPlainHttp", { Bool: { "aws:SecureTransport": "false" } }),
    // denies as well where the key is absent
    ...(vpcEndpoint === undefined
      ? []
      : [deny("NoOtherNetwork", { StringNotEquals: { "aws:SourceVpce": vpcEndpoint } })]),
  );
}

/** All that the gateway's role may do. */
export const gatewayPermissions = (api: Omit<ExecutionApi, "roles">): PolicyDocument =>
  policy({ Sid: "InvokeMethods", Effect: "Allow", Action: ACTION, Resource: methodArns(api) });
