/** The contract, part 6: snapshots, which a definition brings to a cluster, are asked for as all else is. */
import assert from "node:assert/strict";
import type { Manifest } from "../../src/cluster/index.ts";
import type { ContractCase } from "./contract-world.ts";
import { OTHER_UID, refused } from "./refused.ts";

/** Of a claim that nobody has made: whoever looks at it takes no snapshot. */
const snapshot = (name: string, source: object = { persistentVolumeClaimName: "nobodys" }) =>
  ({ metadata: { name, annotations: { "example.com/of": name } }, spec: { source } }) as Manifest;

export const SNAPSHOTS: readonly ContractCase[] = [
  {
    name: "a snapshot is made once, read back, and removed by its uid",
    async run({ cluster }) {
      const { metadata } = await cluster.create("volumesnapshots", snapshot("one"));
      const read = await cluster.get("volumesnapshots", "one");
      assert.equal(read?.metadata.uid, metadata.uid);
      assert.equal(read?.metadata.annotations["example.com/of"], "one");
      assert.equal(read?.status.readyToUse, false);
      const again = cluster.create("volumesnapshots", snapshot("one"));
      await refused(again, "already_exists", /VolumeSnapshot one/);
      assert.equal(await cluster.remove("volumesnapshots", "one", OTHER_UID), "other");
      assert.equal(await cluster.remove("volumesnapshots", "one", metadata.uid), "gone");
      assert.equal(await cluster.get("volumesnapshots", "one"), undefined);
    },
  },
  {
    name: "a snapshot of nothing, or of two things, is invalid",
    async run({ cluster }) {
      const both = { persistentVolumeClaimName: "a", volumeSnapshotContentName: "b" };
      for (const source of [{}, both]) {
        const made = cluster.create("volumesnapshots", snapshot("wrong", source));
        await refused(made, "invalid", /VolumeSnapshot wrong/);
      }
    },
  },
  {
    name: "a claim without a volume does not grow",
    async run({ cluster }) {
      const sized = (storage: string) => ({ resources: { requests: { storage } } });
      const { metadata } = await cluster.create("persistentvolumeclaims", {
        metadata: { name: "unbound" },
        // a class that nobody has: whoever provisions passes it by
        spec: { accessModes: ["ReadWriteOnce"], storageClassName: "nobodys", ...sized("1Gi") },
      });
      const grown = cluster.patch("persistentvolumeclaims", "unbound", metadata.uid, {
        spec: sized("2Gi"),
      });
      await refused(
        grown,
        "invalid",
        /PersistentVolumeClaim unbound: spec may not be set or changed/,
      );
    },
  },
  {
    name: "who may do nothing may take no snapshot",
    async run({ powerless }) {
      const made = powerless.create("volumesnapshots", snapshot("powerless"));
      await refused(made, "forbidden", /no right to create volumesnapshots/);
    },
  },
];
