/** The contract, part 3: objects are deleted, with grace, with finalizers, and with what they own. */
import assert from "node:assert/strict";
import type { Pod } from "../../src/cluster/index.ts";
import {
  type ContractCase,
  type ContractWorld,
  eventually,
  podOf,
  unplaced,
} from "./contract-world.ts";
import { OTHER_UID, refused } from "./refused.ts";

export const ENDS: readonly ContractCase[] = [
  {
    name: "what has no node goes at once, and only the one that is meant",
    async run(world) {
      const { cluster } = world;
      const { metadata } = await cluster.create("pods", unplaced(world, "gone"));
      assert.equal(await cluster.remove("pods", "gone", OTHER_UID), "other");
      assert.equal((await cluster.get("pods", "gone"))?.metadata.uid, metadata.uid);
      assert.equal(await cluster.remove("pods", "gone", metadata.uid), "gone");
      assert.equal(await cluster.get("pods", "gone"), undefined);
      assert.equal(await cluster.remove("pods", "gone", metadata.uid), "gone");
    },
  },
  {
    name: "what a node has is given its grace, which gets only shorter",
    async run(world) {
      const { cluster } = world;
      const { metadata } = await seenBound(world, "graced");
      assert.equal(
        await cluster.remove("pods", "graced", metadata.uid, { graceSeconds: 60 }),
        "ending",
      );
      const endOf = async () =>
        (await cluster.get("pods", "graced"))?.metadata.deletionTimestamp ?? "";
      const first = Date.parse(await endOf());
      assert.ok(first > Date.now() + 30_000, "the end of its grace is told");
      await cluster.remove("pods", "graced", metadata.uid, { graceSeconds: 600 });
      assert.equal(Date.parse(await endOf()), first);
      await cluster.remove("pods", "graced", metadata.uid, { graceSeconds: 20 });
      assert.ok(Date.parse(await endOf()) < first);
      await refused(
        cluster.create("pods", podOf(world, "graced")),
        "being_deleted",
        /older Pod graced is still being deleted/,
      );
      assert.equal(
        await cluster.remove("pods", "graced", metadata.uid, { graceSeconds: 0 }),
        "gone",
      );
      assert.equal(await cluster.get("pods", "graced"), undefined);
    },
  },
  {
    name: "what has a finalizer stays until it is taken away",
    async run(world) {
      const { cluster } = world;
      const parts = { finalizers: ["example.com/held"] };
      const { metadata } = await cluster.create("pods", unplaced(world, "held", parts));
      assert.equal(await cluster.remove("pods", "held", metadata.uid), "ending");
      assert.ok((await cluster.get("pods", "held"))?.metadata.deletionTimestamp);
      await cluster.patch("pods", "held", metadata.uid, { metadata: { finalizers: null } });
      assert.equal(await cluster.get("pods", "held"), undefined);
    },
  },
  {
    name: "what a pod owns goes after it",
    async run(world) {
      const { cluster } = world;
      const { metadata } = await cluster.create("pods", unplaced(world, "owner"));
      const ownerReferences = [{ apiVersion: "v1", kind: "Pod", name: "owner", uid: metadata.uid }];
      const owned = { name: "owned", ownerReferences };
      await cluster.create("secrets", { metadata: owned, stringData: { a: "b" } });
      await cluster.create("services", { metadata: owned, spec: { ports: [{ port: 22 }] } });
      const secret = await cluster.get("secrets", "owned");
      assert.deepEqual(secret?.metadata.ownerReferences, ownerReferences);
      await cluster.remove("pods", "owner", metadata.uid);
      for (const kind of ["secrets", "services"] as const) {
        await eventually(`${kind} go after their pod`, async () =>
          (await cluster.get(kind, "owned")) === undefined ? true : undefined,
        );
      }
    },
  },
  {
    name: "what belongs to a pod that is another one by now goes too",
    async run(world) {
      const { cluster } = world;
      await cluster.create("pods", unplaced(world, "heir"));
      const ownerReferences = [{ apiVersion: "v1", kind: "Pod", name: "heir", uid: OTHER_UID }];
      await cluster.create("secrets", { metadata: { name: "orphan", ownerReferences } });
      await eventually("the Secret goes", async () =>
        (await cluster.get("secrets", "orphan")) === undefined ? true : undefined,
      );
      assert.ok(await cluster.get("pods", "heir"));
    },
  },
  {
    name: "a claim goes once nothing protects it",
    async run({ cluster }) {
      const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
      const made = await cluster.create("persistentvolumeclaims", {
        metadata: { name: "claim" },
        spec,
      });
      assert.deepEqual(made.spec.requests, { storage: "1Gi" });
      assert.equal(made.status.phase, "Pending");
      await cluster.remove("persistentvolumeclaims", "claim", made.metadata.uid);
      await eventually("the claim goes", async () =>
        (await cluster.get("persistentvolumeclaims", "claim")) === undefined ? true : undefined,
      );
    },
  },
  {
    name: "a Service has an address, and a port of the nodes when it is asked for",
    async run({ cluster }) {
      const of = (name: string, spec: object) =>
        cluster.create("services", { metadata: { name }, spec: { selector: { a: "b" }, ...spec } });
      const inside = await of("inside", { ports: [{ port: 22 }] });
      assert.equal(inside.spec.type, "ClusterIP");
      assert.match(inside.spec.clusterIP, /^[\d.a-f:]+$/);
      assert.deepEqual(inside.spec.ports, [{ name: "", port: 22, nodePort: 0 }]);
      const outside = await of("outside", { type: "NodePort", ports: [{ port: 22 }] });
      assert.ok((outside.spec.ports[0]?.nodePort ?? 0) >= 30_000);
      const headless = await of("headless", { clusterIP: "None", ports: [{ port: 22 }] });
      assert.equal(headless.spec.clusterIP, "None");
    },
  },
];

/** A deletion right after a binding may go by what a server's watch cache still has: a pod that needs no grace. */
async function seenBound(world: ContractWorld, name: string): Promise<Pod> {
  const { cluster } = world;
  const nobody = { changed: () => {}, removed: () => {} };
  const following = cluster.follow("pods", { fields: `metadata.name=${name}` }, nobody);
  try {
    await cluster.create("pods", podOf(world, name));
    return await eventually(`${name} is bound`, () =>
      [...following.objects.values()].find(({ spec }) => spec.nodeName !== ""),
    );
  } finally {
    following.close();
  }
}
