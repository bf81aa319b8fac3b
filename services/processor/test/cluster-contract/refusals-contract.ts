/** The contract, part 2: what a server refuses, and in which words callers hear of it. */
import assert from "node:assert/strict";
import type { ClusterError } from "../../src/cluster/index.ts";
import { type ContractCase, podOf, unplaced } from "./contract-world.ts";
import { OTHER_UID, refused } from "./refused.ts";

export const REFUSALS: readonly ContractCase[] = [
  {
    name: "what a kind may not be is refused with its members' names and without their values",
    async run(world) {
      const { cluster } = world;
      const container = { name: "main", image: "example.com/image:1" };
      const pod = (name: string, spec: object, metadata: object = {}) =>
        cluster.create("pods", unplaced(world, name, { spec, ...metadata }));
      const [first, last] = ["hunter2 ", "é"];
      for (const [work, words] of [
        [() => pod("A_b", {}), /metadata\.name is not valid/],
        [() => pod("v", {}, { labels: { a: first } }), /metadata\.labels is not valid/],
        [() => pod("v", {}, { labels: { [last]: "a" } }), /metadata\.labels is not valid/],
        [
          () => pod("v", {}, { labels: { a: "x".repeat(64) } }),
          /metadata\.labels is not valid, must be no more than 63/,
        ],
        [() => pod("v", { containers: [] }), /spec\.containers is required/],
        [
          () => pod("v", { containers: [{ image: "i" }] }),
          /spec\.containers\[0\]\.name is required/,
        ],
        [
          () => pod("v", { containers: [{ name: "m" }] }),
          /spec\.containers\[0\]\.image is required/,
        ],
        [
          () => pod("v", { containers: [{ ...container, env: [{ name: "a b", value: first }] }] }),
          /spec\.containers\[0\]\.env\[0\]\.name is not valid/,
        ],
        [
          () =>
            pod("v", {
              containers: [{ ...container, volumeMounts: [{ name: "no", mountPath: "/x" }] }],
            }),
          /spec\.containers\[0\]\.volumeMounts\[0\]\.name/,
        ],
        [
          () =>
            pod("v", {
              containers: [
                { ...container, resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } },
              ],
            }),
          /spec\.containers\[0\]\.resources\.requests is not valid/,
        ],
        [() => pod("v", { restartPolicy: "Sometimes" }), /spec\.restartPolicy is none of those/],
        [
          () => pod("v", { containers: [container, container] }),
          /spec\.containers\[1\]\.name stands there twice/,
        ],
        [
          () =>
            cluster.create("secrets", { metadata: { name: "v" }, stringData: { "a/b": first } }),
          /data\[a\/b\] is not valid\.$/,
        ],
        [
          () =>
            cluster.create("services", {
              metadata: { name: "1a" },
              spec: { ports: [{ port: 22 }] },
            }),
          /metadata\.name is not valid/,
        ],
        [
          () =>
            cluster.create("services", { metadata: { name: "v" }, spec: { ports: [{ port: 0 }] } }),
          /spec\.ports\[0\]\.port is not valid/,
        ],
        [
          () => cluster.create("services", { metadata: { name: "v" }, spec: {} }),
          /spec\.ports is required/,
        ],
        [
          () =>
            cluster.create("persistentvolumeclaims", {
              metadata: { name: "v" },
              spec: { accessModes: [], resources: { requests: {} } },
            }),
          /spec\.accessModes is required; spec\.resources\[storage\] is required/,
        ],
      ] as const) {
        await refused(work(), "invalid", words, first);
      }
      assert.equal(await cluster.get("pods", "v"), undefined);
    },
  },
  {
    name: "what cannot be read is refused without a word of it",
    async run(world) {
      const { cluster } = world;
      const env = [{ name: "A", value: { planted: "hunter2" } }];
      const spec = { containers: [{ name: "main", image: "i", env }] };
      const work = cluster.create("pods", unplaced(world, "unread", { spec }));
      await refused(work, "invalid", /cannot be read as one/, "hunter2");
      const claim = {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "1Gii" } },
      };
      await refused(
        cluster.create("persistentvolumeclaims", { metadata: { name: "unread" }, spec: claim }),
        "invalid",
        /cannot be read as one/,
      );
    },
  },
  {
    name: "a member that there is not is refused, by old servers dropped",
    async run(world) {
      const { cluster } = world;
      const work = cluster.create("pods", unplaced(world, "strict", { spec: { containerz: [] } }));
      const error = await work.then(
        () => undefined,
        (thrown: ClusterError) => thrown,
      );
      if (error === undefined) return; // 1.24 and before know no fieldValidation
      assert.equal(error.kind, "invalid", error.message);
      assert.match(error.message, /there is no spec\.containerz\.$/);
      assert.equal(await cluster.get("pods", "strict"), undefined);
    },
  },
  {
    name: "who is not known, where there is nothing, and what may not be, are told apart",
    async run(world) {
      await refused(world.stranger.list("pods"), "unauthorized", /does not believe/);
      const pod = podOf(world, "a");
      for (const [work, words] of [
        [() => world.powerless.create("pods", pod), /no right to create pods in the cluster/],
        [() => world.powerless.list("nodes"), /no right to list nodes/],
        [() => world.powerless.remove("pods", "a", OTHER_UID), /no right to remove pods/],
      ] as const) {
        await refused(work(), "forbidden", words);
      }
      await refused(world.nowhere.create("pods", pod), "not_found", /namespace \S+ does not exist/);
      assert.deepEqual(await world.nowhere.list("pods"), []);
      const terminating = await world.terminating();
      await refused(
        terminating.create("pods", pod),
        "namespace_terminating",
        /namespace \S+ is being deleted/,
      );
      const limited = await world.limited();
      await limited.create("pods", unplaced(world, "first"));
      await refused(
        limited.create("pods", unplaced(world, "second")),
        "quota_exceeded",
        /quota of the namespace \S+ is used up: \S+ requested: pods=1, used: pods=1, limited: pods=1\.$/,
      );
    },
  },
];
