/** The definitions of snapshots, for a cluster that has none: external-snapshotter's, as far as anybody here looks at them. */
import type { Cluster } from "./cluster.ts";
import { RUN_LABEL } from "./cluster.ts";

const GROUP = "snapshot.storage.k8s.io";
/** The group is the project's own; without this nobody may define anything in it. */
const APPROVED = {
  "api-approved.kubernetes.io": "https://github.com/kubernetes-csi/external-snapshotter/pull/419",
};

const text = { type: "string" };
const failure = {
  type: "object",
  properties: { message: text, time: { type: "string", format: "date-time" } },
};
const POLICY = { type: "string", enum: ["Delete", "Retain"] };
const QUANTITY = { anyOf: [{ type: "integer" }, text], "x-kubernetes-int-or-string": true };
const object = (properties: object, required: readonly string[] = []) => ({
  type: "object",
  properties,
  ...(required.length > 0 && { required }),
});
const oneOf = (names: readonly string[]) => ({
  ...object(Object.fromEntries(names.map((name) => [name, text]))),
  oneOf: names.map((name) => ({ required: [name] })),
});

const KINDS = [
  {
    kind: "VolumeSnapshot",
    plural: "volumesnapshots",
    scope: "Namespaced",
    hasStatus: true,
    schema: object(
      {
        spec: object(
          {
            source: oneOf(["persistentVolumeClaimName", "volumeSnapshotContentName"]),
            volumeSnapshotClassName: text,
          },
          ["source"],
        ),
        status: object({
          boundVolumeSnapshotContentName: text,
          creationTime: { type: "string", format: "date-time" },
          error: failure,
          readyToUse: { type: "boolean" },
          restoreSize: QUANTITY,
        }),
      },
      ["spec"],
    ),
  },
  {
    kind: "VolumeSnapshotContent",
    plural: "volumesnapshotcontents",
    scope: "Cluster",
    hasStatus: true,
    schema: object(
      {
        spec: object(
          {
            deletionPolicy: POLICY,
            driver: text,
            source: oneOf(["snapshotHandle", "volumeHandle"]),
            volumeSnapshotClassName: text,
            volumeSnapshotRef: object({ kind: text, name: text, namespace: text, uid: text }),
          },
          ["deletionPolicy", "driver", "source", "volumeSnapshotRef"],
        ),
        status: object({
          creationTime: { type: "integer", format: "int64" },
          error: failure,
          readyToUse: { type: "boolean" },
          restoreSize: { type: "integer", format: "int64", minimum: 0 },
          snapshotHandle: text,
        }),
      },
      ["spec"],
    ),
  },
  {
    kind: "VolumeSnapshotClass",
    plural: "volumesnapshotclasses",
    scope: "Cluster",
    hasStatus: false,
    schema: object({ deletionPolicy: POLICY, driver: text }, ["deletionPolicy", "driver"]),
  },
] as const;

/** @returns whether the cluster has definitions of its own: whoever they are of would play along. */
export async function hasSnapshots({ kubectl }: Cluster): Promise<boolean> {
  const found = await kubectl(["get", "customresourcedefinitions", "--output=name"]);
  return KINDS.some(({ plural }) => found.includes(`/${plural}.${GROUP}`));
}

/** They go with whatever carries the run's label. */
export async function installSnapshots({ kubectl, runId }: Cluster): Promise<void> {
  const items = KINDS.map(({ kind, plural, scope, hasStatus, schema }) => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${GROUP}`,
      labels: { [RUN_LABEL]: runId },
      annotations: APPROVED,
    },
    spec: {
      group: GROUP,
      scope,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          ...(hasStatus && { subresources: { status: {} } }),
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  }));
  const names = items.map(({ metadata }) => `customresourcedefinition/${metadata.name}`);
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await kubectl(["create", "-f", "-"], { input });
  await kubectl(["wait", "--for=condition=Established", "--timeout=30s", ...names]);
}

/** As a cluster has it that never had any. */
export async function removeSnapshots({ kubectl }: Cluster): Promise<void> {
  const names = KINDS.map(({ plural }) => `${plural}.${GROUP}`);
  await kubectl(["delete", "customresourcedefinition", ...names, "--wait", "--timeout=60s"]);
}
