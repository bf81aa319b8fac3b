/** Which members the objects have, and of which types: what a server reads of a body before it looks at the values. */

export type Shape =
  | "text"
  | "number"
  | "boolean"
  | "quantity"
  | "base64"
  | "textOrNumber"
  | "anything"
  | { readonly map: Shape }
  | { readonly list: Shape }
  | { readonly members: Members };

export type Members = Readonly<Record<string, Shape>>;

const struct = (members: Members): Shape => ({ members });
const list = (shape: Shape): Shape => ({ list: shape });
const map = (shape: Shape): Shape => ({ map: shape });
const texts = list("text");
const textMap = map("text");

const owner = struct({
  apiVersion: "text",
  kind: "text",
  name: "text",
  uid: "text",
  controller: "boolean",
  blockOwnerDeletion: "boolean",
});

const metadata = struct({
  name: "text",
  generateName: "text",
  namespace: "text",
  selfLink: "text",
  uid: "text",
  resourceVersion: "text",
  generation: "number",
  creationTimestamp: "text",
  deletionTimestamp: "text",
  deletionGracePeriodSeconds: "number",
  labels: textMap,
  annotations: textMap,
  ownerReferences: list(owner),
  finalizers: texts,
  managedFields: "anything",
});

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

const podSpec = struct({
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

const common: Members = { apiVersion: "text", kind: "text", metadata };

/** By the names in paths. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  pods: struct({ ...common, spec: podSpec, status: "anything" }),
  secrets: struct({
    ...common,
    data: map("base64"),
    stringData: textMap,
    type: "text",
    immutable: "boolean",
  }),
  services: struct({
    ...common,
    spec: struct({
      allocateLoadBalancerNodePorts: "boolean",
      clusterIP: "text",
      clusterIPs: texts,
      externalIPs: texts,
      externalName: "text",
      externalTrafficPolicy: "text",
      healthCheckNodePort: "number",
      internalTrafficPolicy: "text",
      ipFamilies: texts,
      ipFamilyPolicy: "text",
      loadBalancerClass: "text",
      loadBalancerIP: "text",
      loadBalancerSourceRanges: texts,
      ports: list(
        struct({
          appProtocol: "text",
          name: "text",
          nodePort: "number",
          port: "number",
          protocol: "text",
          targetPort: "textOrNumber",
        }),
      ),
      publishNotReadyAddresses: "boolean",
      selector: textMap,
      sessionAffinity: "text",
      sessionAffinityConfig: "anything",
      trafficDistribution: "text",
      type: "text",
    }),
    status: "anything",
  }),
  persistentvolumeclaims: struct({
    ...common,
    spec: struct({
      accessModes: texts,
      dataSource: struct({ apiGroup: "text", kind: "text", name: "text" }),
      dataSourceRef: "anything",
      resources: struct({ limits: map("quantity"), requests: map("quantity") }),
      selector: "anything",
      storageClassName: "text",
      volumeAttributesClassName: "text",
      volumeMode: "text",
      volumeName: "text",
    }),
    status: "anything",
  }),
  events: struct({
    ...common,
    action: "text",
    count: "number",
    eventTime: "text",
    firstTimestamp: "text",
    lastTimestamp: "text",
    involvedObject: "anything",
    message: "text",
    reason: "text",
    related: "anything",
    reportingComponent: "text",
    reportingInstance: "text",
    series: "anything",
    source: "anything",
    type: "text",
  }),
  nodes: struct({
    ...common,
    spec: struct({
      configSource: "anything",
      externalID: "text",
      podCIDR: "text",
      podCIDRs: texts,
      providerID: "text",
      taints: list(struct({ key: "text", value: "text", effect: "text", timeAdded: "text" })),
      unschedulable: "boolean",
    }),
    status: "anything",
  }),
};
