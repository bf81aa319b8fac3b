/** A processor that dies while it sees to disks, Jupyter and users of a job, at any of those awaits. */
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
  "a command on a disk": {
    image: "exit:0",
    status: "completed",
    hasDisk: true,
    // but for the claims of jobs, which are died at in crashes.alone.test.ts
    at: /^(?![\s\S]*first_seen_at)[\s\S]*(\bdisks?_|\b(FROM|UPDATE) disks|persistentvolumeclaims)/,
    whens: ["after"],
  },
  "a box that is asked for Jupyter and another user": {
    image: "stay",
    status: "cancelled",
    asks: true,
    order: "cancel",
    // but for the claims of jobs, which are died at in crashes.alone.test.ts
    at: /^(?![\s\S]*SKIP LOCKED)[\s\S]*(job_tasks|pokes_left|files_uid|replace|patch|services)/,
    whens: ["after"],
  },
} as const;

describe("a processor that dies at its k-th await, of its effects on a job that runs", () => {
  enumerate(world, SCENES);

  test("a processor that makes a volume anew when it finds one is found out", async () => {
    const careless = playCluster();
    const { create } = careless;
    careless.create = (async (kind: "pods", manifest: Parameters<typeof create>[1]) => {
      careless.claims.delete(manifest.metadata.name);
      return create(kind, manifest);
    }) as typeof create;
    const found: string[] = [];
    for (let k = 1; k <= 20 && found.length === 0; k++) {
      await play(world, SCENES["a command on a disk"], new Life(k, "after"), careless).catch(
        (error: Error) => found.push(error.message),
      );
    }
    assert.match(found[0] ?? "", /^2 volumes/);
  });

  test("a processor that opens a port anew when it finds one is found out", async () => {
    const careless = playCluster();
    const { create } = careless;
    careless.create = (async (kind: "pods", manifest: Parameters<typeof create>[1]) => {
      (careless.services as Map<string, unknown>).delete(manifest.metadata.name);
      return create(kind, manifest);
    }) as typeof create;
    const found: string[] = [];
    const scene = SCENES["a box that is asked for Jupyter and another user"];
    const whole = new Life(Number.POSITIVE_INFINITY, "after");
    await play(world, scene, whole);
    const k = whole.awaits.lastIndexOf("create services") + 1;
    await play(world, scene, new Life(k, "after"), careless).catch((error) =>
      found.push(error.message),
    );
    assert.match(found[0] ?? "", /^2 services/);
  });
});
