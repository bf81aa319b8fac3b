/** The contract, part 4: what is followed is known, each change once and in order. */
import assert from "node:assert/strict";
import { type ContractCase, eventually, noting, unplaced } from "./contract-world.ts";

export const WATCHES: readonly ContractCase[] = [
  {
    name: "what is there is known with the first list, and each change after it once and in order",
    async run(world) {
      const { cluster } = world;
      const labels = { followed: "one" };
      // nobody else changes what no scheduler looks at
      const parts = { labels, spec: { schedulerName: "none" } };
      const first = await cluster.create("pods", unplaced(world, "w1", parts));
      const { heard, listener } = noting();
      const following = cluster.follow("pods", { labels: "followed=one" }, listener);
      try {
        await following.synced;
        assert.equal(
          following.objects.get(`${cluster.namespace}/w1`)?.metadata.uid,
          first.metadata.uid,
        );
        assert.deepEqual(heard, ["+w1"]);
        const second = await cluster.create("pods", unplaced(world, "w2", parts));
        const patch = { metadata: { annotations: { a: "b" } } };
        await cluster.patch("pods", "w2", second.metadata.uid, patch);
        await cluster.remove("pods", "w2", second.metadata.uid);
        await eventually("the end is heard", () => (heard.includes("-w2") ? true : undefined));
        // the deletion itself is a change as well
        assert.deepEqual(heard, ["+w1", "+w2", "~w2", "~w2", "-w2"]);
        assert.equal(following.objects.size, 1);
      } finally {
        following.close();
      }
    },
  },
  {
    name: "watches end again and again, and nothing is missed or heard twice",
    async run(world) {
      const { cluster } = world;
      const labels = { followed: "two" };
      const { heard, listener } = noting();
      const following = cluster.follow("pods", { labels: "followed=two" }, listener);
      try {
        await following.synced;
        const names = Array.from({ length: 25 }, (_, index) => `many-${index}`);
        for (const name of names) {
          const manifest = unplaced(world, name, { labels, spec: { schedulerName: "none" } });
          const { metadata } = await cluster.create("pods", manifest);
          await cluster.patch("pods", name, metadata.uid, {
            metadata: { annotations: { a: name } },
          });
          // over more than two lives of a watch
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        await eventually("all is heard", () => (heard.length >= 50 ? true : undefined));
        assert.deepEqual(
          heard,
          names.flatMap((name) => [`+${name}`, `~${name}`]),
        );
      } finally {
        following.close();
      }
    },
  },
  {
    name: "what comes into a selection is new, and what leaves it is gone",
    async run(world) {
      const { cluster } = world;
      const spec = { schedulerName: "none" };
      const { heard, listener } = noting();
      const following = cluster.follow("pods", { labels: "in=yes" }, listener);
      try {
        await following.synced;
        const { metadata } = await cluster.create("pods", unplaced(world, "mover", { spec }));
        const to = (value: string | null) =>
          cluster.patch("pods", "mover", metadata.uid, { metadata: { labels: { in: value } } });
        for (const value of ["yes", "no", "yes", null]) await to(value);
        await eventually("all is heard", () => (heard.length >= 4 ? true : undefined));
        assert.deepEqual(heard, ["+mover", "-mover", "+mover", "-mover"]);
      } finally {
        following.close();
      }
    },
  },
  {
    name: "a name that another object has by now is the end of the one before",
    async run(world) {
      const { cluster } = world;
      const manifest = unplaced(world, "again", {
        labels: { twice: "yes" },
        spec: { schedulerName: "none" },
      });
      const seen: string[] = [];
      const following = cluster.follow(
        "pods",
        { labels: "twice=yes" },
        {
          changed: ({ metadata }, before) => void (before || seen.push(metadata.uid)),
          removed: ({ metadata }) => void seen.push(`-${metadata.uid}`),
        },
      );
      try {
        await following.synced;
        const { metadata: one } = await cluster.create("pods", manifest);
        await cluster.remove("pods", "again", one.uid);
        const { metadata: two } = await cluster.create("pods", manifest);
        await eventually("all is heard", () => (seen.length >= 3 ? true : undefined));
        assert.deepEqual(seen, [one.uid, `-${one.uid}`, two.uid]);
      } finally {
        following.close();
      }
    },
  },
  {
    name: "the end of what has no grace is one change",
    async run(world) {
      const { cluster } = world;
      const heard: string[] = [];
      const following = cluster.follow(
        "secrets",
        { fields: "metadata.name=brief" },
        {
          changed: (_object, before) => void heard.push(before ? "changed" : "new"),
          removed: () => void heard.push("gone"),
        },
      );
      try {
        await following.synced;
        const { metadata } = await cluster.create("secrets", { metadata: { name: "brief" } });
        assert.equal(await cluster.remove("secrets", "brief", metadata.uid), "gone");
        await eventually("the end is heard", () => (heard.includes("gone") ? true : undefined));
        assert.deepEqual(heard, ["new", "gone"]);
      } finally {
        following.close();
      }
    },
  },
  {
    name: "what a listener throws stops nothing",
    async run(world) {
      const { cluster } = world;
      const labels = { thrown: "yes" };
      const troubles: string[] = [];
      const names: string[] = [];
      const following = cluster.follow(
        "pods",
        { labels: "thrown=yes" },
        {
          changed({ metadata }) {
            names.push(metadata.name);
            throw new Error(`no ${metadata.name}`);
          },
          removed: () => {},
          troubled: ({ message }) => void troubles.push(message),
        },
      );
      try {
        await following.synced;
        for (const name of ["t1", "t2"]) {
          await cluster.create(
            "pods",
            unplaced(world, name, { labels, spec: { schedulerName: "none" } }),
          );
        }
        await eventually("both are told", () => (names.length >= 2 ? true : undefined));
        assert.deepEqual(names, ["t1", "t2"]);
        assert.deepEqual(troubles, ["no t1", "no t2"]);
      } finally {
        following.close();
      }
    },
  },
  {
    name: "events about an object are found by its uid",
    async run(world) {
      const { cluster } = world;
      const { metadata } = await cluster.create("pods", unplaced(world, "told"));
      const fields = `involvedObject.uid=${metadata.uid}`;
      const event = await eventually("the scheduler has said something", async () => {
        const events = await cluster.list("events", { fields });
        return events.find(({ reason }) => reason === "FailedScheduling");
      });
      assert.equal(event.type, "Warning");
      assert.deepEqual(event.involvedObject, { kind: "Pod", name: "told", uid: metadata.uid });
      assert.ok(Date.parse(event.at) > Date.now() - 60_000);
    },
  },
];
