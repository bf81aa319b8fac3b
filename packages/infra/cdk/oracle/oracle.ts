/** What two evaluators say of a request: our own, which local-aws applies, and one that others keep. */
import { anonymousPrincipal, runSimulation } from "@cloud-copilot/iam-simulate";
import { evaluate, type Verdict } from "../../../local-aws/src/execute-api/policy.ts";
import type { PolicyDocument } from "../../src/policy-document.ts";
import { API, type Asked } from "./requests.ts";

const ACTION = "execute-api:Invoke";

export function ownVerdict(resourcePolicy: PolicyDocument, asked: Asked): Verdict {
  const { principal, identityPolicies, resource, context } = asked;
  return evaluate({
    resourcePolicy: unread(resourcePolicy),
    identityPolicies: identityPolicies.map(unread),
    principal: { arn: principal.arn ?? "nobody", account: principal.account },
    resourceAccount: API.account,
    action: ACTION,
    resource,
    context,
  });
}

/** As it is read from a file: of any shape. */
const unread = ({ Version, Statement }: PolicyDocument) => ({
  Version,
  Statement: Statement.map((statement) => ({ ...statement })),
});

const WORDS = {
  Allowed: "allowed",
  ImplicitlyDenied: "implicitDeny",
  ExplicitlyDenied: "explicitDeny",
} as const satisfies Record<string, Verdict>;

/** @throws Error for what the oracle does not take. */
export async function oraclesVerdict(
  resourcePolicy: PolicyDocument,
  asked: Asked,
): Promise<Verdict> {
  const { principal, identityPolicies, resource, context } = asked;
  const result = await runSimulation(
    {
      request: {
        principal: principal.session ?? anonymousPrincipal,
        action: ACTION,
        resource: { resource, accountId: API.account },
        contextVariables: { ...context },
      },
      identityPolicies: identityPolicies.map((one, index) => ({ name: `p${index}`, policy: one })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy,
    },
    {},
  );
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return WORDS[result.overallResult as keyof typeof WORDS];
}
