/** Requests to an execution API as friends, strangers and administrators might make them. */
import { METHODS } from "../../src/methods.ts";
import { gatewayPermissions } from "../../src/policies/execution-api.ts";
import { type PolicyDocument, policy } from "../../src/policy-document.ts";
import { createRandom } from "./random.ts";

export const API = {
  account: "111122223333",
  region: "eu-west-1",
  apiId: "a1b2c3d4e5",
  stage: "prod",
  roles: ["arn:aws:iam::111122223333:role/airlock-gateway-role-dev"],
} as const;

export interface Asked {
  readonly principal: {
    /** Of the role or user; undefined for nobody. */
    readonly arn: string | undefined;
    /** As the caller shows: of a role the session, which has no path. */
    readonly session: string | undefined;
    readonly account: string;
  };
  readonly identityPolicies: readonly PolicyDocument[];
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
  /** What the API is for: a role of the list, over TLS, for a method of the list, which its own policy does not deny. */
  readonly mayGetIn: boolean;
}

const OTHER = "444455556666";
const PRINCIPALS = [
  "111122223333:role/airlock-gateway-role-dev",
  "111122223333:role/airlock-gateway-role-dev",
  "111122223333:role/airlock-gateway-role-dev",
  "111122223333:role/team/airlock-gateway-role-dev",
  "111122223333:role/airlock-gateway-role-dev2",
  "111122223333:role/airlock-gateway-role",
  "111122223333:role/airlock-aux-dev",
  "111122223333:role/admin",
  "111122223333:user/airlock-gateway-role-dev",
  "111122223333:user/somebody",
  "111122223333:root",
  `${OTHER}:role/airlock-gateway-role-dev`,
  `${OTHER}:role/admin`,
  `${OTHER}:user/somebody`,
  undefined,
] as const;

const ROOT = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5";
const allow = (Action: string | string[], Resource: string | string[]) =>
  policy({ Effect: "Allow", Action, Resource });
/** Those of an API id with a `*` in it are left out: the oracle does not match them, AWS does. */
const IDENTITY_POLICIES: readonly PolicyDocument[] = [
  gatewayPermissions(API),
  allow("*", "*"),
  allow("execute-api:*", "*"),
  allow("execute-api:Invoke", "*"),
  allow("execute-api:Inv*", `${ROOT}/*`),
  allow("execute-api:Invoke", `${ROOT}/*/GET/*`),
  allow("execute-api:Invoke", `${ROOT}/prod/*/parameters/*`),
  allow("execute-api:Invoke", [`${ROOT}/dev/*`, `${ROOT}/prod/POST/*`]),
  allow("execute-api:ManageConnections", "*"),
  allow("s3:*", "*"),
];
const NO_POST = policy(
  { Effect: "Allow", Action: "execute-api:Invoke", Resource: "*" },
  { Effect: "Deny", Action: "execute-api:Invoke", Resource: `${ROOT}/prod/POST/*` },
);

const PATHS = [
  ...METHODS,
  "POST/parameters",
  "POST/parameters/batch/more",
  "PUT/parameters/batch",
  "DELETE/s3/objects",
  "PUT/s3/objects",
  "HEAD/parameters/airlock",
  "GET/parameters2",
  "GET/s3/objects/x",
  "GET/s3",
  "GET/health",
  "GET/docs",
  "POST/execute",
  "OPTIONS/livez",
  "get/livez",
] as const;
const REST = ["a", "airlock/dev/database/host", "..", "%2e%2e/livez", "POST/parameters/batch"];

/** The same for the same seed. */
export function requests(count: number, seed: number): Asked[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (): Asked => {
    const name = random.pick(PRINCIPALS);
    const arn = name && `arn:aws:iam::${name}`;
    const isSession = random.chance(0.8);
    const stage = random.pick(["prod", "prod", "prod", "prod", "dev", "PROD", "prod2"]);
    const apiId = random.chance(0.9) ? API.apiId : "z9y8x7w6v5";
    const path = random.pick(PATHS).replace("*", () => random.pick(REST));
    const transport = random.pick(["true", "true", "true", "true", "false", undefined]);
    const endpoint = random.pick([undefined, undefined, "vpce-0a1b2c3d", "vpce-0a1b2c3d4"]);
    const policies = random.chance(0.15) ? [] : [random.pick(IDENTITY_POLICIES)];
    if (random.chance(0.2)) policies.push(random.pick(IDENTITY_POLICIES));
    if (random.chance(0.1)) policies.push(NO_POST);
    return {
      principal: {
        arn,
        session: arn && isSession ? sessionOf(arn) : arn,
        account: name?.slice(0, 12) ?? "",
      },
      identityPolicies: arn === undefined ? [] : policies,
      resource: `arn:aws:execute-api:eu-west-1:111122223333:${apiId}/${stage}/${path}`,
      context: {
        ...(arn && { "aws:PrincipalArn": arn }),
        ...(transport && { "aws:SecureTransport": transport }),
        ...(endpoint && { "aws:SourceVpce": endpoint }),
      },
      mayGetIn:
        arn === API.roles[0] &&
        !(policies.includes(NO_POST) && path.startsWith("POST/")) &&
        apiId === API.apiId &&
        stage === API.stage &&
        transport !== "false" &&
        METHODS.some((one) =>
          one.endsWith("*") ? path.startsWith(one.slice(0, -1)) : one === path,
        ),
    };
  });
}

/** STS leaves the path of a role out. */
function sessionOf(arn: string): string {
  const [, account = "", role] = /^arn:aws:iam::(\d+):role\/(?:.*\/)?([^/]+)$/.exec(arn) ?? [];
  return role ? `arn:aws:sts::${account}:assumed-role/${role}/gateway-7d9f` : arn;
}
