/** The contract, part 1: objects are created, read, listed, replaced and patched. */
import assert from "node:assert/strict";
import { type ContractCase, unplaced } from "./contract-world.ts";
import { OTHER_UID, refused } from "./refused.ts";

export const OBJECTS: readonly ContractCase[] = [
  {
    name: "the server tells its version",
    async run({ cluster }) {
      assert.match(await cluster.version(), /^v\d/);
    },
  },
  {
    name: "what was created is read back",
    async run(world) {
      const { cluster } = world;
      const labels = { app: "one", part: "a.b-c_d" };
      const annotations = { "example.com/words": "'\"; $(x)\n`é`" };
      const made = await cluster.create("pods", unplaced(world, "one", { labels, annotations }));
      const read = await cluster.get("pods", "one");
      assert.deepEqual(read?.metadata.labels, labels);
      assert.deepEqual(read?.metadata.annotations, annotations);
      assert.equal(read?.metadata.uid, made.metadata.uid);
      assert.equal(read?.metadata.namespace, cluster.namespace);
      assert.match(read?.metadata.creationTimestamp ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.equal(read?.status.phase, "Pending");
      // what is limited is asked for
      assert.deepEqual(read?.spec.containers[0]?.requests, { "nvidia.com/gpu": "1" });
    },
  },
  {
    name: "what is not there is undefined",
    async run({ cluster }) {
      assert.equal(await cluster.get("pods", "nobody"), undefined);
      assert.equal(await cluster.get("nodes", "nobody"), undefined);
    },
  },
  {
    name: "a name is taken once, whoever asks at the same time",
    async run(world) {
      const { cluster } = world;
      const all = Array.from({ length: 12 }, () => cluster.create("pods", unplaced(world, "once")));
      const results = await Promise.allSettled(all);
      const lost = results.filter((one) => one.status === "rejected").map(({ reason }) => reason);
      assert.equal(results.length - lost.length, 1);
      for (const error of lost) assert.equal(error.kind, "already_exists", error.message);
    },
  },
  {
    name: "lists are selected by labels",
    async run(world) {
      const { cluster } = world;
      for (const [name, labels] of Object.entries({
        la: { color: "red", size: "1" },
        lb: { color: "blue" },
        lc: { size: "2" },
      })) {
        await cluster.create("pods", unplaced(world, name, { labels }));
      }
      const found = async (labels: string) =>
        (await cluster.list("pods", { labels })).map(({ metadata }) => metadata.name).join(" ");
      assert.equal(await found("color=red"), "la");
      assert.equal(await found("color in (red, blue)"), "la lb");
      assert.equal(await found("color,color!=red"), "lb");
      assert.equal(await found("size,!color"), "lc");
      assert.equal(await found("size notin (1),size"), "lc");
      assert.equal(await found("color=red,size=2"), "");
      await refused(cluster.list("pods", { labels: "a===b" }), "invalid", /Pod objects/);
    },
  },
  {
    name: "lists are selected by fields",
    async run(world) {
      const { cluster } = world;
      await cluster.create("pods", unplaced(world, "fa"));
      await cluster.create("pods", unplaced(world, "fb"));
      const found = async (fields: string) =>
        (await cluster.list("pods", { fields })).map(({ metadata }) => metadata.name).join(" ");
      assert.equal(await found("metadata.name=fb"), "fb");
      assert.equal(await found("status.phase=Pending,metadata.name!=fa"), "fb");
      assert.equal(await found("spec.nodeName=nobody"), "");
      await refused(cluster.list("pods", { fields: "spec.x=1" }), "invalid", /Pod objects/);
    },
  },
  {
    name: "a long list comes whole, page by page",
    async run(world) {
      const { cluster } = world;
      const names = Array.from({ length: 7 }, (_, index) => `page-${index}`);
      const labels = { paged: "yes" };
      for (const name of names) await cluster.create("pods", unplaced(world, name, { labels }));
      const listed = await cluster.list("pods", { labels: "paged=yes" });
      assert.deepEqual(
        listed.map(({ metadata }) => metadata.name),
        names,
      );
    },
  },
  {
    name: "a patch merges, and takes away what is null",
    async run(world) {
      const { cluster } = world;
      const annotations = { keep: "1", drop: "2" };
      const { metadata } = await cluster.create(
        "pods",
        unplaced(world, "patched", { annotations }),
      );
      const patch = { metadata: { annotations: { drop: null, add: "3" } } };
      const patched = await cluster.patch("pods", "patched", metadata.uid, patch);
      assert.deepEqual(patched.metadata.annotations, { keep: "1", add: "3" });
      assert.notEqual(patched.metadata.resourceVersion, metadata.resourceVersion);
      const again = await cluster.patch("pods", "patched", metadata.uid, patch);
      assert.deepEqual(again.metadata.annotations, patched.metadata.annotations);
    },
  },
  {
    name: "a patch is for the object with its uid, and for no other",
    async run(world) {
      const { cluster } = world;
      await cluster.create("pods", unplaced(world, "mine"));
      const patch = { metadata: { annotations: { a: "b" } } };
      await refused(cluster.patch("pods", "mine", OTHER_UID, patch), "conflict", /Pod mine/);
      await refused(cluster.patch("pods", "none", OTHER_UID, patch), "not_found", /no Pod none/);
      assert.deepEqual((await cluster.get("pods", "mine"))?.metadata.annotations, {});
    },
  },
  {
    name: "a pod's spec stays, and its deadline gets only shorter",
    async run(world) {
      const { cluster } = world;
      const { metadata } = await cluster.create("pods", unplaced(world, "fixed"));
      const patch = (spec: object) => cluster.patch("pods", "fixed", metadata.uid, { spec });
      await refused(
        patch({ nodeSelector: { a: "b" } }),
        "invalid",
        /spec may not be set or changed/,
      );
      await patch({ activeDeadlineSeconds: 600 });
      await patch({ activeDeadlineSeconds: 300 });
      await refused(
        patch({ activeDeadlineSeconds: 301 }),
        "invalid",
        /spec\.activeDeadlineSeconds is not valid, must be less than or equal to previous value/,
      );
    },
  },
  {
    name: "a Secret is replaced as a whole, and is never read back",
    async run({ cluster }) {
      const of = (text: string) => ({ metadata: { name: "se" }, stringData: { key: text } });
      const made = await cluster.create("secrets", of("first"));
      assert.deepEqual(Object.keys(made), ["metadata"]);
      const { uid } = made.metadata;
      const next = await cluster.replace("secrets", of("second"), uid);
      assert.notEqual(next.metadata.resourceVersion, made.metadata.resourceVersion);
      await refused(cluster.replace("secrets", of("x"), OTHER_UID), "conflict", /Secret se/);
      await cluster.remove("secrets", "se", uid);
      await refused(cluster.replace("secrets", of("x"), uid), "conflict", /Secret se/);
    },
  },
];
