/** What is followed through many faults at once, drawn at random: nothing is missed in the end, and what is told makes sense. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type FaultInput, startLocalKubernetes } from "@airlock/local-kubernetes";
import { createKubeCluster, keepAccess } from "../src/cluster/index.ts";
import { eventually } from "./cluster-contract/contract-world.ts";

interface Told {
  readonly what: "new" | "changed" | "gone";
  readonly uid: string;
  readonly version: number;
}

const FAULTS: FaultInput[] = [
  { fault: "throttle", verb: "patch", rate: 0.1 },
  { fault: "error", rate: 0.1 },
  { fault: "lostAnswer", rate: 0.05 },
  { fault: "lostRequest", rate: 0.05 },
  { fault: "gone", rate: 0.15 },
  { fault: "gone", how: "status", rate: 0.1 },
  { fault: "dropWatch", afterEvents: 1, rate: 0.2 },
  { fault: "dropWatch", afterEvents: 4, rate: 0.2 },
  { fault: "duplicateEvents", rate: 0.3 },
  { fault: "delayEvents", delayMs: 20, rate: 0.2 },
];

/** A line of numbers between 0 and 1 that is always the same (mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What is wrong with what was told: each object is new once, changes only forward, and is gone once, for good. */
function nonsense(told: readonly Told[], left: readonly string[]): string[] {
  const faults: string[] = [];
  const states = new Map<string, { version: number; isGone: boolean }>();
  for (const { what, uid, version } of told) {
    const state = states.get(uid);
    if ((what === "new") !== (state === undefined)) faults.push(`${uid} is ${what} out of turn`);
    if (state?.isGone) faults.push(`${uid} is ${what} after its end`);
    if (state !== undefined && what === "changed" && version <= state.version) {
      faults.push(`${uid} changed from ${state.version} to ${version}`);
    }
    states.set(uid, { version, isGone: what === "gone" });
  }
  const alive = [...states].filter(([, { isGone }]) => !isGone).map(([uid]) => uid);
  const missed = left.filter((uid) => !alive.includes(uid));
  const ghosts = alive.filter((uid) => !left.includes(uid));
  return [
    ...faults,
    ...missed.map((uid) => `${uid} is missed`),
    ...ghosts.map((uid) => `${uid} is not there`),
  ];
}

async function run(seed: number): Promise<{ told: Told[]; left: string[] }> {
  const random = numbersFrom(seed);
  const local = await startLocalKubernetes({ hasKubelet: false, bindsClaims: false, random });
  const cluster = createKubeCluster({
    access: keepAccess(async () => ({ server: local.url, tls: {}, authorization: undefined })),
    namespace: "jobs",
    followRules: { watchMs: 1000, silentMs: 100, headMs: 500, firstWaitMs: 1 },
    random,
  });
  try {
    const told: Told[] = [];
    const tell = (
      what: Told["what"],
      { uid, resourceVersion }: { uid: string; resourceVersion: string },
    ) => void told.push({ what, uid, version: Number(resourceVersion) });
    const following = cluster.follow(
      "secrets",
      {},
      {
        changed: ({ metadata }, before) => tell(before ? "changed" : "new", metadata),
        removed: ({ metadata }) => tell("gone", metadata),
      },
    );
    await following.synced;
    local.faults.set(FAULTS);
    for (let step = 0; step < 120; step++) {
      const name = `s${Math.floor(random() * 6)}`;
      const uid = local.objects.get("secrets", name, "jobs")?.metadata.uid;
      const labels = { step: String(step) };
      const work =
        uid === undefined
          ? cluster.create("secrets", { metadata: { name, labels } })
          : random() < 0.5
            ? cluster.remove("secrets", name, uid)
            : cluster.patch("secrets", name, uid, { metadata: { labels } });
      await work.catch(() => {}); // the server's own log says what came of it
      if (random() < 0.03) local.watches.forget();
      await sleep(3); // so that the watch hears of most before the next
    }
    local.faults.clear();
    const there = () =>
      local.objects.all("secrets").map(({ metadata }) => metadata.resourceVersion);
    await eventually("all is known", () => {
      const known = [...following.objects.values()].map(({ metadata }) => metadata.resourceVersion);
      return known.sort().join() === there().sort().join() ? true : undefined;
    });
    following.close();
    return { told, left: local.objects.all("secrets").map(({ metadata }) => metadata.uid) };
  } finally {
    await cluster.close();
    await local.close();
  }
}

test("nothing is missed or told twice, whatever goes wrong", async () => {
  for (const seed of [1, 2, 3, 4]) {
    const { told, left } = await run(seed);
    assert.deepEqual(nonsense(told, left), [], `seed ${seed}`);
    assert.ok(told.length > 20, `${told.length} are told`);
  }
});

test("a list that has lost an end, has one twice, or tells them out of order is found", async () => {
  const { told, left } = await run(5);
  const first = told.findIndex(({ what }) => what === "gone");
  const change = told.findIndex(({ what }) => what === "changed");
  assert.ok(first > 0 && change > 0);
  for (const spoilt of [
    told.toSpliced(first, 1),
    told.toSpliced(first, 0, told[first] as Told),
    told.toSpliced(change, 0, told[change] as Told),
    told.toSpliced(0, 1),
    told.toReversed(),
  ]) {
    assert.notDeepEqual(nonsense(spoilt, left), []);
  }
});
