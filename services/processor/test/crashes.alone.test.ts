/** A processor that dies while it brings a pod to its end, at any of its awaits. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { enumerate, Life, play } from "./crashes.ts";
import { playCluster } from "./played-cluster.ts";
import { openWorld, startPostgres } from "./world.ts";

const postgres = await startPostgres();
const world = await openWorld(postgres);
after(async () => {
  await world.store.close();
  await postgres.stop();
});

const SCENES = {
  "a command that ends": {
    image: "exit:0",
    status: "completed",
    whens: ["before", "after"],
  },
  "a box that is cancelled": {
    image: "stay",
    status: "cancelled",
    order: "cancel",
    whens: ["after"],
  },
} as const;

describe("a processor that dies at its k-th await", () => {
  enumerate(world, SCENES);

  test("a processor that makes a pod anew when it finds one is found out", async () => {
    const careless = playCluster();
    const { create } = careless;
    careless.create = (async (kind: "pods", manifest: Parameters<typeof create>[1]) => {
      // as a client that takes a name that is taken for something left over
      if (careless.pods.has(manifest.metadata.name)) careless.vanish(manifest.metadata.name);
      return create(kind, manifest);
    }) as typeof create;
    const found: unknown[] = [];
    for (let k = 1; k <= 20 && found.length === 0; k++) {
      await play(world, SCENES["a command that ends"], new Life(k, "after"), careless).catch(
        (error: Error) => found.push(error.message),
      );
    }
    assert.match(String(found[0]), /^2 pods/);
  });
});
