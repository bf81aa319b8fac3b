/** Items 13–19: who a pod is, to the cluster, to the other service and to AWS. */
import { objectRule, podRule, type Rule } from "../rule.ts";
import { envOf, ofKind, type World, workloads } from "../world.ts";
import { hasPodIdentity, ROLE_ARN, signingRole, signs, withoutAws } from "./signing.ts";

/** Who lets whom in: each service is called by one other. */
const CALLERS: Readonly<Record<string, string>> = {
  aux: "system:serviceaccount:gateway:gateway",
  jobs: "system:serviceaccount:gateway:gateway",
  processor: "system:serviceaccount:gpu-controlplane:jobs",
};

/** Undefined where it is none that gateway takes. */
function rolloutPercentage(world: World): number | undefined {
  const [map] = ofKind<{ data?: Record<string, string> }>(world, "ConfigMap").filter(
    ({ metadata }) => metadata.name === "gateway-rollout",
  );
  try {
    const { percentage } = JSON.parse(map?.data?.["rollout.json"] ?? "") as { percentage: unknown };
    const isOne = typeof percentage === "number" && percentage >= 0 && percentage <= 100;
    return isOne ? percentage : undefined;
  } catch {
    return undefined;
  }
}

export const identityRules: readonly Rule[] = [
  podRule(
    "own-service-account",
    13,
    ["kube-linter default-service-account", "kube-linter non-existent-service-account"],
    ({ pod, namespace, service }, report, world) => {
      const exists = ofKind(world, "ServiceAccount").some(
        ({ metadata }) =>
          metadata.name === pod.serviceAccountName && metadata.namespace === namespace,
      );
      if (!exists || pod.serviceAccountName !== service)
        report("must use a ServiceAccount of its own name");
    },
  ),
  podRule("no-token-mount", 14, ["polaris automountServiceAccountToken"], ({ pod }, report) => {
    if (pod.automountServiceAccountToken !== false)
      report("must set automountServiceAccountToken: false");
  }),
  objectRule<{ automountServiceAccountToken?: boolean }>(
    "no-token-mount-account",
    14,
    ["polaris automountServiceAccountToken"],
    ["ServiceAccount"],
    ({ automountServiceAccountToken }) =>
      automountServiceAccountToken !== false && "must set automountServiceAccountToken: false",
  ),
  podRule(
    "api-token",
    14,
    ["polaris automountServiceAccountToken"],
    ({ service, pod, containers }, report) => {
      const keyFiles = containers.flatMap(({ env = [] }) =>
        env.filter(({ name }) => name.endsWith("_JWKS_TOKEN_FILE")).map(({ value }) => value),
      );
      for (const { name, projected } of pod.volumes ?? []) {
        const tokens = (projected?.sources ?? []).flatMap((one) => one.serviceAccountToken ?? []);
        for (const { audience, expirationSeconds = 3600, path } of tokens) {
          if (audience !== undefined) continue;
          const mounts = containers.flatMap(({ volumeMounts = [] }) => volumeMounts);
          const files = mounts.filter((one) => one.name === name).map((one) => one.mountPath);
          const isForKeys = files.some((folder) => keyFiles.includes(`${folder}/${path}`));
          if (service !== "processor" && !isForKeys)
            report("must not have a token for the API server but to read an issuer's keys");
          if (expirationSeconds > 3600)
            report("must have a token for the API server of 3600 s at most");
        }
      }
    },
  ),
  podRule("layer-token", 15, [], ({ pod, containers }, report) => {
    const isCalled = (name: string) =>
      containers.some((one) => envOf(one, `${name.toUpperCase()}_SERVICE_URL`));
    const audiences = Object.keys(CALLERS).filter(isCalled);
    const tokens = (pod.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
    const isProjected = (audience: string) =>
      tokens.some(
        ({ serviceAccountToken: token }) =>
          token?.audience === audience && (token.expirationSeconds ?? 3600) <= 3600,
      );
    // with sigv4 as well: only what takes the execution API is signed
    const isSent = containers.some((one) =>
      /^(service-account|sigv4)$/.test(envOf(one, "LAYER_AUTH") ?? ""),
    );
    for (const audience of audiences)
      if (!(isProjected(audience) && isSent))
        report(
          `must send a projected token with the audience ${audience}, good for 3600 s at most`,
        );
  }),
  podRule("way-to-aux", 15, [], ({ service, containers }, report, world) => {
    if (service !== "gateway" || world.environment === undefined) return;
    const isSet = (name: string) => containers.some((one) => envOf(one, name));
    if (signs(world) !== isSet("EXECUTION_API_URL"))
      report("must have EXECUTION_API_URL with LAYER_AUTH sigv4, and only then");
    if (!isSet("AUX_SERVICE_URL") && !isSet("EXECUTION_API_URL"))
      report("must have a way to aux: AUX_SERVICE_URL, EXECUTION_API_URL, or both");
    const percentage = signs(world) ? rolloutPercentage(world) : 0;
    if (percentage === undefined)
      report("must have a percentage from 0 to 100 in the ConfigMap gateway-rollout");
    else if (signs(world) && !isSet("AUX_SERVICE_URL") && percentage !== 100)
      report("must send 100 % to the execution API, for there is no other way (gateway-rollout)");
  }),
  podRule("layer-enforced", 15, [], ({ service, containers }, report, { environment }) => {
    const caller = CALLERS[service ?? ""];
    if (caller === undefined) return;
    const value = (name: string) => containers.map((one) => envOf(one, name)).find(Boolean);
    const wanted = environment === "dev" ? /^(observe|enforce)$/ : /^enforce$/;
    if (!wanted.test(value("LAYER_AUTH_MODE") ?? ""))
      report("must set LAYER_AUTH_MODE to enforce, in dev at least to observe");
    if (value("LAYER_AUTH_SUBJECTS") !== caller)
      report(`must let in ${caller} alone (LAYER_AUTH_SUBJECTS)`);
    if (value("LAYER_AUTH_AUDIENCE") !== service)
      report(`must take tokens for ${service} alone (LAYER_AUTH_AUDIENCE)`);
    if ((value("LAYER_AUTH_ACCEPTS") ?? "service-account") !== "service-account")
      report("must take tokens alone (LAYER_AUTH_ACCEPTS): the execution API calls no pod");
  }),
  podRule("policy-callers", 15, [], ({ service, containers }, report, world) => {
    if (service !== "aux" || world.environment === undefined) return;
    const valueAt = (all: typeof containers, name: string) =>
      all.map((one) => envOf(one, name)).find(Boolean);
    const gateway = workloads(world).find((one) => one.service === "gateway");
    const asked = (gateway && valueAt(gateway.containers, "GATEWAY_AUTH")) ?? "none";
    const wanted = asked === "none" ? "any" : asked;
    if (valueAt(containers, "ACCESS_POLICY_CALLERS") !== wanted)
      report(`must set ACCESS_POLICY_CALLERS to ${wanted}, for gateway has GATEWAY_AUTH ${asked}`);
  }),
  {
    id: "workload-identity",
    item: 16,
    linters: [],
    check(world, report) {
      const account = ofKind(world, "ServiceAccount").find(
        ({ metadata }) => metadata.name === "aux",
      );
      const annotations = account?.metadata.annotations ?? {};
      // the base has no identity on purpose: which one it is, is for an overlay to say
      const isBase = /^base( \+ .*\((?!aux\)).*\))?$/.test(world.name);
      if (!account || isBase || annotations[ROLE_ARN] || hasPodIdentity(annotations)) return;
      report(account, "must have an IAM role by IRSA or EKS Pod Identity, not a static key");
    },
  },
  withoutAws,
  signingRole,
];
