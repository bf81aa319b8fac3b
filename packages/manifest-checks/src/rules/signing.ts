/** What gateway may have of AWS, and when: the session of one role, to sign with, and nothing beside it. */
import type { Report, Rule } from "../rule.ts";
import { envOf, ofKind, type Workload, type World, workloads } from "../world.ts";

export const ROLE_ARN = "eks.amazonaws.com/role-arn";
const POD_IDENTITY = /^[\w.-]+\/pod-identity$/;

type Annotations = Readonly<Record<string, string>>;

/** The domain before the word is anybody's. */
export const hasPodIdentity = (annotations: Annotations = {}): boolean =>
  Object.keys(annotations).some((key) => POD_IDENTITY.test(key));

/** The variables by which a session comes, and no other: a key, a profile or a file of keys is more than a session. */
export const SESSION_VARIABLES: ReadonlySet<string> = new Set([
  "AWS_ROLE_ARN",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_ROLE_SESSION_NAME",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
]);
/** They say where AWS is, and bring nothing. */
const PLACES =
  /^AWS_(REGION|REGION_NAME|DEFAULT_REGION|STS_REGIONAL_ENDPOINTS|CA_BUNDLE|ENDPOINT_URL_STS)$/;

const gatewayOf = (world: World): Workload | undefined =>
  workloads(world).find(({ service }) => service === "gateway");

/** Whether gateway signs what it sends to the execution API. */
export const signs = (world: World): boolean =>
  gatewayOf(world)?.containers.some((one) => envOf(one, "LAYER_AUTH") === "sigv4") ?? false;

/** Who has to do with AWS: aux always, gateway while it signs, nobody else. */
export const withoutAws: Rule = {
  id: "without-aws",
  item: 16,
  linters: [],
  check(world, report) {
    for (const account of ofKind(world, "ServiceAccount")) {
      const { name, annotations = {} } = account.metadata;
      const isAllowed = name === "aux" || (name === "gateway" && signs(world));
      if (!isAllowed && (annotations[ROLE_ARN] || hasPodIdentity(annotations)))
        report(account, "must have nothing to do with AWS credentials");
    }
    for (const workload of workloads(world)) checkVariables(workload, world, report);
  },
};

function checkVariables({ object, service, containers }: Workload, world: World, report: Report) {
  if (service === "aux") return;
  const mayHave = (name: string) =>
    PLACES.test(name) || (service === "gateway" && signs(world) && SESSION_VARIABLES.has(name));
  const stray = containers
    .flatMap(({ env = [] }) => env)
    .find(({ name }) => name.startsWith("AWS_") && !mayHave(name));
  if (stray) report(object, `must not have ${stray.name}, which can bring AWS credentials`);
}

/** With sigv4 there is a role, and it is gateway's own. */
export const signingRole: Rule = {
  id: "signing-role",
  item: 16,
  linters: [],
  check(world, report) {
    const gateway = gatewayOf(world);
    if (!gateway || !signs(world)) return;
    const accounts = ofKind(world, "ServiceAccount");
    const roleOf = (name: string) =>
      accounts.find(({ metadata }) => metadata.name === name)?.metadata.annotations?.[ROLE_ARN];
    const account = accounts.find(({ metadata }) => metadata.name === "gateway");
    const variables = gateway.containers.flatMap(({ env = [] }) => env.map(({ name }) => name));
    const sources = [
      roleOf("gateway") !== undefined,
      hasPodIdentity(account?.metadata.annotations),
      variables.some((name) => SESSION_VARIABLES.has(name)),
    ].filter(Boolean);
    if (sources.length !== 1)
      report(
        gateway.object,
        `must come by one role to sign with, in one way, not ${sources.length}`,
      );
    if (roleOf("gateway") !== undefined && roleOf("gateway") === roleOf("aux"))
      report(gateway.object, "must not sign with the role of aux, which reads what aux reads");
  },
};
