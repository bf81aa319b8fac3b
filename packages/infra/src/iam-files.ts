/** The policies of k8s/iam, and those that local-aws applies: from the functions that the stacks use. */
import { type Context, readContext } from "./context.ts";
import { formatJson } from "./format-json.ts";
import {
  type ExecutionApi,
  executionApiPolicy,
  gatewayPermissions,
} from "./policies/execution-api.ts";
import {
  auxPermissions,
  mayAssumeAux,
  releasePermissions,
  roleArn,
} from "./policies/permissions.ts";
import { trustIrsa, trustPodIdentity, trustRelease, trustStatic } from "./policies/trust.ts";

/** In a file there must stand an API's id; the stacks know the real one. */
export const EXAMPLE_API_ID = "a1b2c3d4e5";

/** What local-aws knows: its account, its region and the gateway's role there. */
const LOCAL: ExecutionApi = {
  account: "111122223333",
  region: "eu-west-1",
  apiId: EXAMPLE_API_ID,
  stage: "prod",
  roles: [roleArn("111122223333", "airlock-gateway-role-dev")],
};

export function executionApiOf(context: Context, apiId: string): ExecutionApi {
  const { account, region, stage, gatewayRole, vpcEndpoint } = context;
  return { account, region, stage, apiId, roles: [roleArn(account, gatewayRole)], vpcEndpoint };
}

/** Paths from the root of the repository, and what each file holds. */
export function iamFiles(
  context = readContext("dev"),
  apiId = EXAMPLE_API_ID,
): { path: string; expected: string }[] {
  const api = executionApiOf(context, apiId);
  const documents = {
    "aux-permissions": auxPermissions(context),
    "aux-trust-irsa": trustIrsa(context, "aux"),
    "aux-trust-pod-identity": trustPodIdentity(context, "aux"),
    "aux-trust-static": trustStatic(context),
    "base-user-permissions": mayAssumeAux(context),
    "execution-api-policy": executionApiPolicy(api),
    "gateway-permissions": gatewayPermissions(api),
    "gateway-trust-irsa": trustIrsa(context, "gateway"),
    "gateway-trust-pod-identity": trustPodIdentity(context, "gateway"),
    "release-permissions": releasePermissions(context),
    "release-trust": trustRelease(context),
  };
  const local = {
    resourcePolicy: executionApiPolicy(LOCAL),
    gatewayPermissions: gatewayPermissions(LOCAL),
  };
  return [
    ...Object.entries(documents).map(([name, document]) => ({
      path: `k8s/iam/${name}.json`,
      expected: formatJson(document),
    })),
    {
      path: "packages/local-aws/src/execute-api/deployed-policies.json",
      expected: formatJson(local),
    },
  ];
}
