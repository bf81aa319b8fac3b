/**
 * A processor that dies at any of its awaits, one after the other: before what it asked for was done, or
 * after it, the answer lost. Whoever comes next brings the job to its end, with one pod.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JobRow, Queryable, Store } from "@airlock/jobs-store";
import { findDisk, findDiskOperation, writeNodes } from "@airlock/jobs-store";
import type { Cluster } from "../src/cluster/index.ts";
import { claimNameOf } from "../src/disks/disk-names.ts";
import { createDiskReconciler } from "../src/disks/disk-reconciler.ts";
import { DISK_RULES } from "../src/disks/disk-rules.ts";
import { sweepOrphans } from "../src/duties/sweep-orphans.ts";
import { createDiskInbox, createInbox } from "../src/inbox/inbox.ts";
import { createMachineTypes } from "../src/machine-types.ts";
import { ownPodsOf } from "../src/placement/own-pods.ts";
import { placeType } from "../src/placement/place-type.ts";
import { seenNodesOf } from "../src/placement/seen-nodes.ts";
import { LIMITS } from "../src/reconcile/job-view.ts";
import { createReconciler } from "../src/reconciler/reconciler.ts";
import { type PlayedCluster, playCluster } from "./played-cluster.ts";
import { someOf } from "./scaled.ts";
import { access, DISK_QUEUE, FIFO, QUEUE, rules, silent, type World } from "./world.ts";

export class Dead extends Error {}

/** Counts what is awaited, and dies at one of them: from then on nothing of it has an effect. */
export class Life {
  /** What was awaited, in its order. */
  readonly awaits: string[] = [];
  isDead = false;
  readonly #dieAt: number;
  readonly #when: "before" | "after";

  constructor(dieAt: number, when: "before" | "after") {
    this.#dieAt = dieAt;
    this.#when = when;
  }

  async through<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    if (this.isDead) throw new Dead();
    const isLast = this.awaits.push(what) === this.#dieAt;
    if (isLast && this.#when === "before") this.#die();
    const result = await work();
    if (isLast) this.#die();
    if (this.isDead) throw new Dead();
    return result;
  }

  #die(): never {
    this.isDead = true;
    throw new Dead();
  }
}

export const mortalStore = (life: Life, store: Store): Store => {
  const mortal = (db: Queryable): Queryable => ({
    query: (text, values) => life.through(`${text} ${values?.[0]}`, () => db.query(text, values)),
  });
  return {
    ...store,
    pool: mortal(store.pool),
    // COMMIT is an await of its own: what was in it is there, or not
    transaction: (work) =>
      life.through("COMMIT", () =>
        store.transaction((transaction) => work({ ...transaction, ...mortal(transaction) })),
      ),
  };
};

const CALLS = [
  "create",
  "get",
  "list",
  "remove",
  "readLog",
  "readLogEnd",
  "replace",
  "patch",
] as const;
export const mortalCluster = (life: Life, cluster: PlayedCluster): Cluster =>
  new Proxy(cluster, {
    get: (target, name) =>
      (CALLS as readonly unknown[]).includes(name)
        ? // biome-ignore lint/suspicious/noExplicitAny: any method of the cluster
          (...args: any[]) =>
            // biome-ignore lint/suspicious/noExplicitAny: any method of the cluster
            life.through(`${String(name)} ${args[0]}`, () => (target as any)[name](...args))
        : target[name as keyof Cluster],
  });

interface Lived {
  readonly jobId: string;
  readonly hasDisk: boolean;
  readonly onTurn: (status: string) => Promise<void>;
}

/** One processor, all of it, turn by turn, until the job is over or it dies. */
async function live(
  world: World,
  cluster: PlayedCluster,
  life: Life,
  { jobId, hasDisk, onTurn }: Lived,
): Promise<void> {
  const store = mortalStore(life, world.store);
  const mortal = mortalCluster(life, cluster);
  const types = createMachineTypes(store);
  const nodes = new Map((await cluster.list("nodes")).map((node) => [node.metadata.name, node]));
  const inbox = createInbox({ store, queue: QUEUE, holdSeconds: 30, maxHours: 72, log: silent });
  const reconciler = createReconciler({
    store,
    cluster: mortal,
    sealer: world.sealer,
    rules,
    access: { ...access, userKeys: { of: async () => [BOBS_KEY], close: async () => {} } },
    limits: LIMITS,
    leaseSeconds: 30,
    atOnce: 4,
    log: silent,
    machineType: types.find,
    nodes: () => nodes,
    onFreed() {},
    takesSnapshots: false,
  });
  // the awaits of a job without a disk need not be died at for the sake of one
  const disks = hasDisk
    ? [
        createDiskInbox({ store, queue: DISK_QUEUE, holdSeconds: 30, log: silent }),
        createDiskReconciler({
          store,
          cluster: mortal,
          rules: { ...DISK_RULES, takesSnapshots: false },
          leaseSeconds: 30,
          log: silent,
        }),
      ]
    : [];
  const ownPods = () => ownPodsOf(cluster.pods.values(), (name) => name === "nvidia.com/gpu");
  for (let turn = 0; turn < 60 && !life.isDead; turn++) {
    try {
      await inbox();
      for (const work of disks) await work();
      await placeType({ store, namespace: "gpu-dev", ownPods, rules: FIFO }, "h100");
      await reconciler.take();
      await reconciler.settled();
      if (turn % 5 === 4) await sweepOrphans({ store, cluster: mortal, log: silent });
    } catch (error) {
      if (!(error instanceof Dead)) throw error;
    }
    const { status, cleaned_at } = await world.job(jobId);
    if (cleaned_at !== null) return;
    // as the watch of pods calls for whom something has happened
    await world.store.pool.query(
      "UPDATE reservations SET due_at = now() WHERE lease_until IS NULL AND due_at > now()",
    );
    await onTurn(status);
  }
}

/** What a lease and a visibility timeout come to, once they are over. */
const timePasses = async ({ store }: World): Promise<void> => {
  await store.pool.query(
    "UPDATE reservations SET lease_until = now(), due_at = now() WHERE lease_until IS NOT NULL",
  );
  await store.pool.query("UPDATE reservations SET due_at = now() WHERE due_at > now()");
  for (const queue of [QUEUE, DISK_QUEUE]) {
    await store.pool.query(`UPDATE pgmq.q_${queue} SET vt = clock_timestamp()`);
  }
  await store.pool.query(
    "UPDATE disks SET due_at = now(), lease_until = now() WHERE lease_until IS NOT NULL",
  );
  await store.pool.query("UPDATE disks SET due_at = now() WHERE due_at > now()");
};

export type Scene = {
  readonly image: string;
  readonly status: string;
  /** Asked of it once it runs. */
  readonly order?: "cancel";
  /** It has a disk, which is asked for a moment before it. */
  readonly hasDisk?: boolean;
  /** Jupyter and another user are asked for once it runs; `order` follows when both are there. */
  readonly asks?: boolean;
};

const BOBS_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBob bob";

/** @returns false until what was asked is there. */
async function isThere(world: World, jobId: string): Promise<boolean> {
  // its node is told again at once
  await world.store.pool.query("UPDATE job_pods SET poke_at = now() WHERE poke_at > now()");
  const { jupyter_url, secondary_users } = await world.job(jobId);
  return jupyter_url !== null && secondary_users.length > 0;
}

/** Once each, whatever was begun twice, and one token for all who were told of it. */
async function assertAsked(
  world: World,
  cluster: PlayedCluster,
  { pod_name, ...job }: JobRow,
  told: string,
) {
  assert.deepEqual(job.secondary_users, ["bob"], told);
  const { rows } = await world.store.pool.query<{ kind: string; state: string }>(
    "SELECT kind, state FROM job_tasks WHERE reservation_id = $1 ORDER BY kind",
    [job.reservation_id],
  );
  assert.deepEqual(
    rows.map(({ kind, state }) => `${kind} ${state}`),
    ["add_user done", "jupyter_on done"],
    told,
  );
  const services = cluster.created.filter(({ name }) => name === `${pod_name}-g1-jupyter`);
  assert.equal(services.length, 1, `${services.length} services: ${told}`);
  const files = cluster.replaced.map(({ manifest }) => manifest.data as Record<string, string>);
  const last = files.at(-1);
  const text = (name: string) => Buffer.from(last?.[name] ?? "", "base64").toString();
  assert.ok(text("authorized_keys").includes(BOBS_KEY), told);
  const tokens = new Set(files.flatMap(({ jupyter_token }) => jupyter_token ?? []));
  assert.equal(tokens.size, 1, told);
}

/** One life of a job, and as many more as it takes; then everything is as it should be. */
export async function play(
  world: World,
  scene: Scene,
  life: Life,
  cluster = playCluster(),
): Promise<void> {
  cluster.addNode("n1", { gpus: 8 });
  await writeNodes(
    world.store.pool,
    seenNodesOf(await cluster.list("nodes"), await createMachineTypes(world.store).all()),
  );
  const disk = scene.hasDisk ? await world.createDisk() : undefined;
  const jobId = await world.submit({
    image: scene.image,
    command: "true",
    variables: { A: "1" },
    ...(disk && { disk: disk.diskName }),
  });
  let { order } = scene;
  let isAsked = false;
  const onTurn = async (status: string) => {
    if (order === undefined || status !== "active") return;
    if (scene.asks && !isAsked) {
      isAsked = true;
      await world.order(jobId, "enable_jupyter");
      await world.order(jobId, "add_user", { github_username: "bob" });
    }
    if (scene.asks && !(await isThere(world, jobId))) return;
    await world.order(jobId, order);
    order = undefined;
  };
  const lived = { jobId, hasDisk: scene.hasDisk === true, onTurn };
  await live(world, cluster, life, lived);
  for (let more = 0; more < 3 && (await world.job(jobId)).cleaned_at === null; more++) {
    await timePasses(world);
    await live(world, cluster, new Life(Number.POSITIVE_INFINITY, "before"), lived);
  }
  const job = await world.job(jobId);
  const events = await world.events(jobId);
  const told = JSON.stringify({ awaits: life.awaits.length, job, events });
  assert.equal(job.status, scene.status, told);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
    told,
  );
  if (disk) {
    const found = await findDiskOperation(world.store.pool, { ...world, ...disk });
    assert.equal(found?.status, "completed", told);
    const row = await findDisk(world.store.pool, { ...world, ...disk });
    assert.equal(row?.in_use, false, told);
    const isOurs = (name: string) => name === claimNameOf(row?.disk_id ?? "");
    const claims = cluster.created.filter(({ name }) => isOurs(name));
    assert.equal(claims.length, 1, `${claims.length} volumes: ${told}`);
  }
  if (scene.asks) await assertAsked(world, cluster, job, told);
  const pods = cluster.created.filter(({ kind, name }) => kind === "pods" && name === job.pod_name);
  assert.ok(pods.length <= 1, `${pods.length} pods: ${told}`);
  await sweepOrphans({ store: world.store, cluster, log: silent });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(cluster.pods.size, 0, told);
  assert.equal(cluster.secrets.size + cluster.services.size, 0, told);
  assertHostKey(cluster, job, told);
  const { rows } = await world.store.pool.query<{
    bookings: number;
    waiting: number;
    archived: number;
    asked: number;
  }>(
    `SELECT (SELECT count(*) FROM job_pods WHERE reservation_id = $1 AND released_at IS NULL)::integer AS bookings,
      (SELECT count(*) FROM pgmq.q_${QUEUE})::integer AS waiting,
      (SELECT count(*) FROM pgmq.a_${QUEUE} WHERE message ->> 'job_id' = $1)::integer AS archived,
      (SELECT count(DISTINCT msg_id) FROM pgmq.a_${QUEUE} WHERE message ->> 'job_id' = $1)::integer AS asked`,
    [jobId],
  );
  assert.equal(rows[0]?.bookings, 0, told);
  assert.equal(rows[0]?.waiting, 0, told);
  assert.equal(rows[0]?.archived, rows[0]?.asked, told);
}

/** Whatever was begun twice, whom clients are told to expect is who is there. */
function assertHostKey(
  { created }: PlayedCluster,
  { pod_name, ssh_host_keys }: JobRow,
  told: string,
): void {
  const files = created.filter(({ name }) => name === `${pod_name}-g1-files`);
  assert.equal(files.length, 1, told);
  const data = files[0]?.manifest.data as Record<string, string>;
  const pem = Buffer.from(data.ssh_host_ed25519_key ?? "", "base64").toString();
  const blob = Buffer.from(ssh_host_keys[0]?.split(" ")[1] ?? "", "base64");
  assert.equal(blob.length, 51, told);
  const key = Buffer.from(pem.replaceAll(/-----[A-Z ]+-----/g, ""), "base64");
  assert.ok(key.includes(blob), told);
}

export interface Enumeration extends Scene {
  readonly whens: readonly ("before" | "after")[];
  /** The awaits that are died at; unset: all. */
  readonly at?: RegExp;
}

/** A test for each scene: it dies at the first await, at the fourth one, …; in `soak` at each. */
export function enumerate(world: World, scenes: Readonly<Record<string, Enumeration>>): void {
  for (const [name, { whens, at = /^/, ...scene }] of Object.entries(scenes)) {
    for (const when of whens) {
      test(`${name}, ${when} it was done, for k after k`, async () => {
        const whole = new Life(Number.POSITIVE_INFINITY, when);
        await play(world, scene, whole);
        const deaths = whole.awaits.flatMap((what, index) => (at.test(what) ? [index + 1] : []));
        assert.ok(deaths.length > 10, String(deaths.length));
        for (const k of someOf(deaths)) await play(world, scene, new Life(k, when));
      });
    }
  }
}
