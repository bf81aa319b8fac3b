/** Which members a pod's spec has, and of which types. */
import { list, map, struct, textMap, texts } from "./shape.ts";

const keySelector = struct({ name: "text", key: "text", optional: "boolean" });
const fieldRef = struct({ apiVersion: "text", fieldPath: "text" });
const resourceFieldRef = struct({ containerName: "text", resource: "text", divisor: "quantity" });
const keyToPath = struct({ key: "text", path: "text", mode: "number" });
const capabilities = struct({ add: texts, drop: texts });
const seccomp = struct({ type: "text", localhostProfile: "text" });
const probe = struct({
  exec: struct({ command: texts }),
  httpGet: struct({
    path: "text",
    port: "textOrNumber",
    host: "text",
    scheme: "text",
    httpHeaders: list(struct({ name: "text", value: "text" })),
  }),
  tcpSocket: struct({ port: "textOrNumber", host: "text" }),
  grpc: struct({ port: "number", service: "text" }),
  initialDelaySeconds: "number",
  timeoutSeconds: "number",
  periodSeconds: "number",
  successThreshold: "number",
  failureThreshold: "number",
  terminationGracePeriodSeconds: "number",
});

const container = struct({
  name: "text",
  image: "text",
  command: texts,
  args: texts,
  workingDir: "text",
  ports: list(
    struct({
      name: "text",
      containerPort: "number",
      hostPort: "number",
      hostIP: "text",
      protocol: "text",
    }),
  ),
  envFrom: list(
    struct({
      prefix: "text",
      secretRef: struct({ name: "text", optional: "boolean" }),
      configMapRef: struct({ name: "text", optional: "boolean" }),
    }),
  ),
  env: list(
    struct({
      name: "text",
      value: "text",
      valueFrom: struct({
        secretKeyRef: keySelector,
        configMapKeyRef: keySelector,
        fieldRef,
        resourceFieldRef,
      }),
    }),
  ),
  resources: struct({ limits: map("quantity"), requests: map("quantity"), claims: "anything" }),
  resizePolicy: "anything",
  restartPolicy: "text",
  volumeMounts: list(
    struct({
      name: "text",
      mountPath: "text",
      readOnly: "boolean",
      recursiveReadOnly: "text",
      subPath: "text",
      subPathExpr: "text",
      mountPropagation: "text",
    }),
  ),
  volumeDevices: "anything",
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  lifecycle: "anything",
  terminationMessagePath: "text",
  terminationMessagePolicy: "text",
  imagePullPolicy: "text",
  securityContext: struct({
    allowPrivilegeEscalation: "boolean",
    appArmorProfile: seccomp,
    capabilities,
    privileged: "boolean",
    procMount: "text",
    readOnlyRootFilesystem: "boolean",
    runAsGroup: "number",
    runAsNonRoot: "boolean",
    runAsUser: "number",
    seLinuxOptions: "anything",
    seccompProfile: seccomp,
    windowsOptions: "anything",
  }),
  stdin: "boolean",
  stdinOnce: "boolean",
  tty: "boolean",
});

const volume = struct({
  name: "text",
  emptyDir: struct({ medium: "text", sizeLimit: "quantity" }),
  secret: struct({
    secretName: "text",
    items: list(keyToPath),
    defaultMode: "number",
    optional: "boolean",
  }),
  persistentVolumeClaim: struct({ claimName: "text", readOnly: "boolean" }),
  downwardAPI: struct({ items: "anything", defaultMode: "number" }),
  projected: struct({ sources: "anything", defaultMode: "number" }),
  configMap: "anything",
  csi: "anything",
  ephemeral: "anything",
  hostPath: "anything",
  nfs: "anything",
});

const nodeTerm = struct({
  matchExpressions: list(struct({ key: "text", operator: "text", values: texts })),
  matchFields: list(struct({ key: "text", operator: "text", values: texts })),
});

export const podSpec = struct({
  activeDeadlineSeconds: "number",
  affinity: struct({
    nodeAffinity: struct({
      requiredDuringSchedulingIgnoredDuringExecution: struct({ nodeSelectorTerms: list(nodeTerm) }),
      preferredDuringSchedulingIgnoredDuringExecution: list(
        struct({ weight: "number", preference: nodeTerm }),
      ),
    }),
    podAffinity: "anything",
    podAntiAffinity: "anything",
  }),
  automountServiceAccountToken: "boolean",
  containers: list(container),
  dnsConfig: "anything",
  dnsPolicy: "text",
  enableServiceLinks: "boolean",
  ephemeralContainers: "anything",
  hostAliases: "anything",
  hostIPC: "boolean",
  hostNetwork: "boolean",
  hostPID: "boolean",
  hostUsers: "boolean",
  hostname: "text",
  imagePullSecrets: list(struct({ name: "text" })),
  initContainers: list(container),
  nodeName: "text",
  nodeSelector: textMap,
  os: struct({ name: "text" }),
  overhead: map("quantity"),
  preemptionPolicy: "text",
  priority: "number",
  priorityClassName: "text",
  readinessGates: "anything",
  resourceClaims: "anything",
  resources: "anything",
  restartPolicy: "text",
  runtimeClassName: "text",
  schedulerName: "text",
  schedulingGates: "anything",
  securityContext: struct({
    appArmorProfile: seccomp,
    fsGroup: "number",
    fsGroupChangePolicy: "text",
    runAsGroup: "number",
    runAsNonRoot: "boolean",
    runAsUser: "number",
    seLinuxOptions: "anything",
    seccompProfile: seccomp,
    supplementalGroups: list("number"),
    supplementalGroupsPolicy: "text",
    sysctls: list(struct({ name: "text", value: "text" })),
    windowsOptions: "anything",
  }),
  serviceAccount: "text",
  serviceAccountName: "text",
  setHostnameAsFQDN: "boolean",
  shareProcessNamespace: "boolean",
  subdomain: "text",
  terminationGracePeriodSeconds: "number",
  tolerations: list(
    struct({
      key: "text",
      operator: "text",
      value: "text",
      effect: "text",
      tolerationSeconds: "number",
    }),
  ),
  topologySpreadConstraints: "anything",
  volumes: list(volume),
});
