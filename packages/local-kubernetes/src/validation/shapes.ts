/** Which members the objects have, and of which types: what a server reads of a body before it looks at the values. */
import { podSpec } from "./pod-shape.ts";
import { list, type Members, map, type Shape, struct, textMap, texts } from "./shape.ts";

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
  // what their values may be the rules of their definitions say
  volumesnapshots: struct({
    ...common,
    spec: struct({
      source: struct({
        persistentVolumeClaimName: "anything",
        volumeSnapshotContentName: "anything",
      }),
      volumeSnapshotClassName: "anything",
    }),
    status: "anything",
  }),
  volumesnapshotcontents: struct({
    ...common,
    spec: struct({
      deletionPolicy: "anything",
      driver: "anything",
      source: struct({ snapshotHandle: "anything", volumeHandle: "anything" }),
      sourceVolumeMode: "anything",
      volumeSnapshotClassName: "anything",
      volumeSnapshotRef: "anything",
    }),
    status: "anything",
  }),
  volumesnapshotclasses: struct({
    ...common,
    deletionPolicy: "anything",
    driver: "anything",
    parameters: textMap,
  }),
};
