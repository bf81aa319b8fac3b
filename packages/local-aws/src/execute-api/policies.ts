// The policies of the stand-in's own execution API and of those who call it.

import type { Principal } from "../auth/sessions.ts";
import { LOCAL_AWS } from "../known-identities.ts";
import deployed from "./deployed-policies.json" with { type: "json" };
import { evaluate, type Policy, type Verdict } from "./policy.ts";

export const API = { id: "a1b2c3d4e5", stage: "prod" } as const;

/** A role that may call any API of any account, as an administrator's may: the API's own policy has to refuse it. */
const ANY_API: Policy = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "execute-api:*", Resource: "*" }],
};

const IDENTITY_POLICIES: Readonly<Record<string, readonly Policy[]>> = {
  [LOCAL_AWS.gatewayRoleArn]: [deployed.gatewayPermissions],
  [`arn:aws:iam::${LOCAL_AWS.accountId}:role/airlock-any-api-role-dev`]: [ANY_API],
  // its account lets it; ours does not
  "arn:aws:iam::444455556666:role/airlock-gateway-role-dev": [ANY_API],
};

/** What is called, with and without the middle of the account's number. */
export function methodArn(method: string, path: string, isMasked = false): string {
  const account = isMasked ? `********${LOCAL_AWS.accountId.slice(-4)}` : LOCAL_AWS.accountId;
  return `arn:aws:execute-api:${LOCAL_AWS.region}:${account}:${API.id}/${API.stage}/${method}${path}`;
}

/** @param path as it came, without the stage. */
export function mayInvoke(principal: Principal, method: string, path: string): Verdict {
  return evaluate({
    resourcePolicy: deployed.resourcePolicy,
    identityPolicies: IDENTITY_POLICIES[principal.trustArn] ?? [],
    principal: { arn: principal.trustArn, account: principal.account },
    resourceAccount: LOCAL_AWS.accountId,
    action: "execute-api:Invoke",
    resource: methodArn(method, path),
    // loopback stands for the TLS connection that AWS's API has no other than
    context: { "aws:PrincipalArn": principal.trustArn, "aws:SecureTransport": "true" },
  });
}
