/** The contract, part 5: nodes, where pods are put, what kubelets say, and logs. */
import assert from "node:assert/strict";
import { toldOf } from "@airlock/jobs-store";
import { explainUnscheduled } from "../../src/reconcile/scheduler-words.ts";
import {
  bound,
  type ContractCase,
  type ContractWorld,
  eventually,
  GPU,
  podOf,
  unplaced,
  unscheduled,
} from "./contract-world.ts";
import { refused } from "./refused.ts";

/** Pins a pod to a node, as the processor does. */
const pinnedTo = (node: string) => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] },
        ],
      },
    },
  },
});

/** As a kubelet writes it. */
const writeStatus = ({ cluster, raw }: ContractWorld, name: string, status: object) =>
  raw("PATCH", `/api/v1/namespaces/${cluster.namespace}/pods/${name}/status`, { status });

export const NODES: readonly ContractCase[] = [
  {
    name: "nodes tell what they have",
    async run({ cluster, nodes, nodeLabel: { key, value } }) {
      const listed = await cluster.list("nodes", { labels: `${key}=${value}` });
      assert.deepEqual(listed.map(({ metadata }) => metadata.name).sort(), [...nodes].sort());
      const node = await cluster.get("nodes", nodes[0]);
      assert.equal(node?.status.allocatable[GPU], "8");
      assert.equal(node?.spec.unschedulable, false);
      assert.ok(
        node?.spec.taints.some((taint) => taint.key === GPU && taint.effect === "NoSchedule"),
      );
      assert.equal(node?.status.conditions.find(({ type }) => type === "Ready")?.status, "True");
    },
  },
  {
    name: "a pod is bound to the node that it is pinned to",
    async run(world) {
      for (const node of world.nodes) {
        const name = `pinned-to-${node}`;
        await world.cluster.create("pods", podOf(world, name, { spec: pinnedTo(node) }));
        assert.equal((await bound(world, name)).spec.nodeName, node);
      }
    },
  },
  {
    name: "nodes are never given more than they have, and what becomes free is used",
    async run(world) {
      const { cluster } = world;
      const names = Array.from({ length: 6 }, (_, index) => `three-${index}`);
      for (const name of names) await cluster.create("pods", podOf(world, name, { gpus: 3 }));
      const on = await eventually("four have a node, and two are told why not", async () => {
        const pods = await cluster.list("pods");
        const placed = pods.filter(({ spec }) => spec.nodeName !== "");
        const told = pods.filter(({ status }) =>
          status.conditions.some(({ reason }) => reason === "Unschedulable"),
        );
        return placed.length + told.length >= names.length ? placed : undefined;
      });
      assert.equal(on.length, 4);
      for (const node of world.nodes) {
        assert.equal(on.filter(({ spec }) => spec.nodeName === node).length, 2);
      }
      const [first] = on;
      assert.ok(first);
      await cluster.remove("pods", first.metadata.name, first.metadata.uid, { graceSeconds: 0 });
      await eventually("one of those that waited is bound", async () => {
        const pods = await cluster.list("pods");
        return pods.filter(({ spec }) => spec.nodeName !== "").length === 4 ? true : undefined;
      });
    },
  },
  {
    name: "why no node is there is told in the scheduler's words",
    async run(world) {
      const { cluster, nodes } = world;
      const all = /^0\/\d+ nodes are available: /;
      const said = async (name: string, parts: Parameters<typeof podOf>[2]) => {
        await cluster.create("pods", podOf(world, name, parts));
        const words = await unscheduled(world, name);
        assert.match(words, all);
        return words;
      };
      /** What its owner reads, and what explanations call it. */
      const golden = (words: string, sentence: RegExp, code = "unscheduled") => {
        const told = explainUnscheduled(words);
        assert.match(told, sentence);
        assert.equal(toldOf("preparing", told).code, code, words);
      };
      const tooMany = await said("too-many", { gpus: 9 });
      assert.match(tooMany, /2 Insufficient nvidia\.com\/gpu/);
      golden(tooMany, /^Waits for its node: .*2 are with too little free nvidia\.com\/gpu/);
      const pinned = await said("pinned-too-many", { gpus: 9, spec: pinnedTo(nodes[0]) });
      assert.match(
        pinned,
        /1 Insufficient nvidia\.com\/gpu, .*node\(s\) didn't match Pod's node affinity/,
      );
      golden(pinned, /^Waits for its node: .*1 is with too little free nvidia\.com\/gpu\.$/);
      const elsewhere = await said("elsewhere", { spec: { nodeSelector: { nobody: "has-this" } } });
      assert.match(elsewhere, /node\(s\) didn't match Pod's node affinity/);
      golden(elsewhere, /^Waits for its node, which the cluster does not have at present\.$/);
      const intolerant = await said("intolerant", {
        spec: { tolerations: [], ...pinnedTo(nodes[0]) },
      });
      assert.match(intolerant, /node\(s\) had (untolerated )?taint \{nvidia\.com\/gpu: \}/);
      golden(intolerant, /^Waits for its node: .*\d (is|are) reserved for other work\.$/);
      const volumes = [{ name: "home", persistentVolumeClaim: { claimName: "absent" } }];
      const homeless = await said("homeless", { spec: { volumes } });
      assert.match(homeless, /persistentvolumeclaim "absent" not found/);
      golden(
        homeless,
        /^Waits for the volume of its disk, which is not there\.$/,
        "disk_not_ready",
      );
    },
  },
  {
    name: "a node that is cordoned is seen so, and takes nothing",
    async run(world) {
      const { cluster, raw, nodes, nodeLabel } = world;
      const seen: boolean[] = [];
      const following = cluster.follow(
        "nodes",
        { labels: `${nodeLabel.key}=${nodeLabel.value}` },
        {
          changed: ({ metadata, spec }) =>
            void (metadata.name === nodes[0] && seen.push(spec.unschedulable)),
          removed: () => {},
        },
      );
      const cordon = (unschedulable: boolean) =>
        raw("PATCH", `/api/v1/nodes/${nodes[0]}`, { spec: { unschedulable } });
      try {
        await following.synced;
        await cordon(true);
        await eventually("it is seen", () => (seen.at(-1) === true ? true : undefined));
        // who tolerates everything would be put there all the same
        const tolerations = [{ key: GPU, operator: "Exists" }];
        const parts = { spec: { tolerations, ...pinnedTo(nodes[0]) } };
        await cluster.create("pods", podOf(world, "cordoned", parts));
        assert.match(await unscheduled(world, "cordoned"), /1 node\(s\) were unschedulable/);
        await cordon(false);
        assert.equal((await bound(world, "cordoned")).spec.nodeName, nodes[0]);
      } finally {
        await cordon(false);
        following.close();
      }
    },
  },
  {
    name: "what a kubelet writes is read, and leaves the scheduler's word alone",
    async run(world) {
      const { cluster } = world;
      await cluster.create("pods", podOf(world, "played"));
      const { metadata } = await bound(world, "played");
      const main = { name: "main", image: "example.com/image:1", imageID: "", restartCount: 0 };
      const status = async () => {
        const pod = await cluster.get("pods", "played");
        assert.equal(
          pod?.status.conditions.find(({ type }) => type === "PodScheduled")?.status,
          "True",
        );
        return pod?.status;
      };
      const waiting = { reason: "ImagePullBackOff", message: "Back-off pulling image" };
      await writeStatus(world, "played", {
        containerStatuses: [{ ...main, ready: false, state: { waiting } }],
      });
      assert.deepEqual((await status())?.containerStatuses[0]?.state, { waiting });

      const startedAt = "2026-01-02T03:04:05Z";
      await writeStatus(world, "played", {
        phase: "Running",
        podIP: "10.1.2.3",
        conditions: [{ type: "Ready", status: "True" }],
        containerStatuses: [{ ...main, ready: true, state: { running: { startedAt } } }],
      });
      const running = await status();
      assert.equal(running?.phase, "Running");
      assert.equal(running?.podIP, "10.1.2.3");
      assert.equal(running?.conditions.find(({ type }) => type === "Ready")?.status, "True");
      assert.deepEqual(running?.containerStatuses[0]?.state, { running: { startedAt } });
      assert.equal(running?.containerStatuses[0]?.ready, true);

      // a pod's own members do not change what its kubelet says
      await cluster.patch("pods", "played", metadata.uid, { status: { phase: "Succeeded" } });
      assert.equal((await status())?.phase, "Running");

      const terminated = { exitCode: 137, reason: "OOMKilled", startedAt, finishedAt: startedAt };
      await writeStatus(world, "played", {
        phase: "Failed",
        reason: "Evicted",
        message: "The node was low on resource: memory.",
        conditions: [{ type: "Ready", status: "False", reason: "PodCompleted" }],
        containerStatuses: [{ ...main, ready: false, state: { terminated } }],
      });
      const failed = await status();
      assert.deepEqual(failed?.containerStatuses[0]?.state.terminated, {
        ...terminated,
        signal: 0,
        message: "",
      });
      assert.equal(failed?.reason, "Evicted");
      assert.match(failed?.message ?? "", /low on resource/);
      // what has ended needs no grace
      assert.equal(await cluster.remove("pods", "played", metadata.uid), "gone");
    },
  },
  {
    name: "a log that is not there is told apart from one that is empty",
    async run(world) {
      const { cluster } = world;
      await cluster.create("pods", unplaced(world, "silent"));
      assert.equal((await cluster.readLog("silent")).toString(), "");
      // what is left of somebody's own time is seldom whole
      assert.equal((await cluster.readLog("silent", {}, { timeoutMs: 3740.3 })).length, 0);
      await refused(cluster.readLog("nobody"), "not_found", /no Pod nobody/);
      await refused(cluster.readLog("silent", { container: "other" }), "invalid", /Pod silent/);
      await refused(
        cluster.readLog("silent", { tailLines: -1 }),
        "invalid",
        /tailLines is not valid/,
      );
    },
  },
];
