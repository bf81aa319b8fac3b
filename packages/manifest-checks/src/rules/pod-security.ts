/** Items 1–12: what a pod may do on its node. */

import { jobPodsOf } from "../job-pods.ts";
import { isMapping } from "../objects.ts";
import { containerRule, objectRule, podRule, type Rule } from "../rule.ts";

const PSS_MODES = ["enforce", "warn", "audit"] as const;
const VOLUME_TYPES = new Set(
  "configMap secret projected emptyDir downwardAPI csi ephemeral persistentVolumeClaim".split(" "),
);
const SECRET_NAME =
  /(SECRET|PASSWORD|PASSWD|TOKEN|ACCESS_KEY|API_?KEY|PRIVATE_KEY|CREDENTIAL)(?!.*(_FILE|_SECONDS)$)/i;
/** An access key id, a PEM block or a URL with a password in it. */
const SECRET_VALUE = /\b(AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN|:\/\/[^/\s:]+:[^/\s@]+@/;

export const podSecurityRules: readonly Rule[] = [
  objectRule(
    "namespace-pod-security",
    1,
    ["pss restricted"],
    ["Namespace"],
    ({ metadata }, world) => {
      const labels = metadata.labels ?? {};
      const key = (mode: string) => `pod-security.kubernetes.io/${mode}`;
      const { namespace, security } = jobPodsOf(world);
      // components/pod-security-baseline, on both sides
      const isBaseline = metadata.name === namespace && security === "baseline";
      const level = isBaseline ? "baseline" : "restricted";
      const wrong = PSS_MODES.find(
        (mode) =>
          labels[key(mode)] !== level || !/^v1\.\d+$/.test(labels[`${key(mode)}-version`] ?? ""),
      );
      return wrong && `must set ${key(wrong)}: ${level} and pin ${key(wrong)}-version`;
    },
  ),
  podRule(
    "run-as-non-root",
    2,
    ["pss restricted", "kube-linter run-as-non-root", "polaris runAsRootAllowed"],
    ({ pod, containers }, report) => {
      const isOverridden = containers.some((one) => one.securityContext?.runAsNonRoot === false);
      if (pod.securityContext?.runAsNonRoot !== true || isOverridden)
        report("must set runAsNonRoot: true");
    },
  ),
  podRule(
    "high-user-id",
    3,
    ["kube-score container-security-context-user-group-id"],
    ({ pod, containers }, report) => {
      for (const field of ["runAsUser", "runAsGroup"] as const) {
        const ids = [
          pod.securityContext?.[field] ?? 0,
          ...containers.map((one) => one.securityContext?.[field]),
        ];
        if (ids.some((id) => id !== undefined && id < 10_000))
          report(`must set ${field} to 10000 or more`);
      }
    },
  ),
  containerRule(
    "privilege-escalation",
    4,
    [
      "pss restricted",
      "kube-linter privilege-escalation-container",
      "polaris privilegeEscalationAllowed",
    ],
    ({ securityContext }) =>
      securityContext?.allowPrivilegeEscalation !== false &&
      "must set allowPrivilegeEscalation: false",
  ),
  containerRule(
    "privileged",
    5,
    ["pss baseline", "kube-linter privileged-container", "polaris runAsPrivileged"],
    ({ securityContext }) => securityContext?.privileged === true && "must not be privileged",
  ),
  containerRule(
    "drop-capabilities",
    6,
    ["pss restricted", "kube-linter drop-net-raw-capability", "polaris insecureCapabilities"],
    ({ securityContext }) => {
      const { drop = [], add = [] } = securityContext?.capabilities ?? {};
      return (!drop.includes("ALL") || add.length > 0) && "must drop ALL capabilities and add none";
    },
  ),
  podRule(
    "seccomp",
    7,
    ["pss restricted", "kube-score container-seccomp-profile", "polaris linuxHardening"],
    ({ pod, containers }, report) => {
      const profiles = [pod, ...containers].map((one) => one.securityContext?.seccompProfile?.type);
      if (profiles[0] !== "RuntimeDefault" || profiles.includes("Unconfined"))
        report("must set seccompProfile RuntimeDefault");
    },
  ),
  containerRule(
    "read-only-root",
    8,
    ["kube-linter no-read-only-root-fs", "polaris notReadOnlyRootFilesystem"],
    ({ securityContext }) =>
      securityContext?.readOnlyRootFilesystem !== true && "must set readOnlyRootFilesystem: true",
  ),
  podRule("bounded-tmp", 8, [], ({ pod, containers }, report) => {
    const unbounded = pod.volumes?.find(
      ({ emptyDir }) => emptyDir && emptyDir.sizeLimit === undefined,
    );
    if (unbounded) report(`the emptyDir ${unbounded.name} must have a sizeLimit`);
    const hasTmp = containers.every((one) =>
      one.volumeMounts?.some(({ mountPath }) => mountPath === "/tmp"),
    );
    if (!hasTmp) report("must mount an emptyDir at /tmp, as the root is read-only");
  }),
  podRule(
    "host-access",
    9,
    [
      "kube-linter host-network",
      "kube-linter host-pid",
      "kube-linter host-ipc",
      "polaris hostPortSet",
    ],
    ({ pod, containers }, report) => {
      const field = (["hostNetwork", "hostPID", "hostIPC"] as const).find((name) => pod[name]);
      if (field) report(`must not set ${field}`);
      if (containers.some(({ ports }) => ports?.some(({ hostPort }) => hostPort)))
        report("must not use a hostPort");
    },
  ),
  podRule(
    "volume-types",
    10,
    ["pss restricted", "kube-linter sensitive-host-mounts", "polaris hostPathSet"],
    ({ pod }, report) => {
      for (const volume of pod.volumes ?? []) {
        const type = Object.keys(volume).find((key) => key !== "name" && !VOLUME_TYPES.has(key));
        if (type) report(`the volume ${volume.name} must not be a ${type}`);
      }
    },
  ),
  podRule(
    "proc-mount-and-sysctls",
    11,
    ["kube-linter unsafe-proc-mount", "kube-linter unsafe-sysctls"],
    ({ pod, containers }, report) => {
      const mounts = containers.map(
        ({ securityContext }) => securityContext?.procMount ?? "Default",
      );
      if (mounts.some((mount) => mount !== "Default")) report("must leave procMount at Default");
      if (pod.securityContext?.sysctls?.length) report("must not set sysctls");
    },
  ),
  containerRule(
    "env-secret",
    12,
    ["kube-linter env-var-secret", "polaris sensitiveContainerEnvVar"],
    ({ env = [] }) => {
      const literal = env.find(
        ({ name, value }) => value && (SECRET_NAME.test(name) || SECRET_VALUE.test(value)),
      );
      return literal && `must not hold a secret in the variable ${literal.name}`;
    },
  ),
  containerRule(
    "env-secret-reference",
    12,
    ["kube-linter read-secret-from-env-var"],
    ({ env = [], envFrom = [] }) => {
      const isRead =
        env.some(({ valueFrom }) => valueFrom?.secretKeyRef) ||
        envFrom.some((one) => one.secretRef);
      return isRead && "must read secrets from a mounted file, not from variables";
    },
  ),
  objectRule<{ data?: Record<string, string> }>(
    "config-map-secret",
    12,
    ["polaris sensitiveConfigmapContent"],
    ["ConfigMap"],
    ({ data }) => {
      const key = Object.entries(isMapping(data) ? data : {}).find(
        ([name, value]) => SECRET_NAME.test(name) || SECRET_VALUE.test(String(value)),
      )?.[0];
      return key && `must not hold a secret under ${key}`;
    },
  ),
];
