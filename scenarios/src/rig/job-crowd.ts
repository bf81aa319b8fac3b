/** Many jobs, each of which must come to one end: how they are sent, and what must become of them. */
import { randomUUID } from "node:crypto";
import type { ProcessorsRig } from "./processors.ts";
import { sleep, until } from "./waiting.ts";

/** What becomes of a job, by what it runs. The image says the same to a kubelet that runs nothing. */
const KINDS = [
  { ends: "completed", command: "exit 0", image: "exits-0" },
  { ends: "completed", command: "sleep 0.3", image: "exits-0" },
  { ends: "failed", command: "exit 3", image: "exits-3" },
  // told at once, which may be before it has a node
  { ends: "cancelled", command: "sleep 600", image: "stays", orders: ["cancel"] },
  { ends: "completed", command: '[ "$WORDS" = "it\'s me" ]', image: "exits-0" },
  { ends: "cancelled", command: "sleep 601", image: "stays", orders: ["extend", "cancel"] },
] as const;
const GPUS = [1, 1, 2, 1, 4, 1, 2, 8, 3] as const;
const VARIABLES = { WORDS: "it's me" };

/** A whole run, on a busy machine. */
const LIMIT_MS = 3_600_000;

export interface Sent {
  /** Job → the word that it must end with. */
  readonly ends: Map<string, string>;
  /** Ids of all orders but those of creation. */
  readonly orders: Set<string>;
}

export interface CrowdOptions {
  readonly jobs: number;
  /** Share of the trouble that has been made, 0 to 1: jobs come all the while. */
  readonly progress: () => number;
}

/** Resolves when all have been accepted, however often the database went away meanwhile. */
export async function sendCrowd(
  rig: ProcessorsRig,
  sent: Sent,
  { jobs, progress }: CrowdOptions,
): Promise<void> {
  const orders: Promise<void>[] = [];
  for (let index = 0; index < jobs; index++) {
    await until(
      "there is trouble for the next job",
      () => progress() >= index / jobs,
      LIMIT_MS,
      50,
    );
    const kind = KINDS[index % KINDS.length] ?? KINDS[0];
    const jobId = `job-${String(index).padStart(8, "0")}`;
    const wish = {
      jobId,
      command: kind.command,
      image: `registry.example.com/${kind.image}:1`,
      gpus: GPUS[index % GPUS.length] ?? 1,
      ...(kind.command.includes("$WORDS") && { variables: VARIABLES }),
    };
    await insist(
      () => rig.submit(wish),
      () => isThere(rig, "FROM reservations WHERE reservation_id = $1", jobId),
    );
    sent.ends.set(jobId, kind.ends);
    if (!("orders" in kind)) continue;
    const ordering = sendOrders(rig, sent, jobId, kind.orders);
    ordering.catch(() => {}); // heard of below
    orders.push(ordering);
  }
  await Promise.all(orders);
}

async function sendOrders(
  rig: ProcessorsRig,
  sent: Sent,
  jobId: string,
  actions: readonly ("extend" | "cancel")[],
): Promise<void> {
  for (const action of actions) {
    if (action === "extend") {
      const running = "FROM reservations WHERE reservation_id = $1 AND status = 'active'";
      const isRunning = () => isThere(rig, running, jobId).catch(() => false);
      await until(`${jobId} runs`, isRunning, LIMIT_MS, 500);
    }
    const orderId = randomUUID();
    await insist(
      () => rig.order({ orderId, jobId, action }),
      () => wasSent(rig, orderId),
    );
    sent.orders.add(orderId);
  }
}

const wasSent = (rig: ProcessorsRig, orderId: string): Promise<boolean> =>
  isThere(
    rig,
    `FROM (SELECT message FROM pgmq.q_gpu_reservations UNION ALL
       SELECT message FROM pgmq.a_gpu_reservations) sent WHERE message ->> 'order_id' = $1`,
    orderId,
  );

async function isThere({ store }: ProcessorsRig, from: string, id: string): Promise<boolean> {
  return (await store.pool.query(`SELECT ${from} LIMIT 1`, [id])).rows.length > 0;
}

/** As a client with an Idempotency-Key: what it has no answer to may have been done. */
async function insist(work: () => Promise<void>, isDone: () => Promise<boolean>): Promise<void> {
  let isInDoubt = false;
  for (let tries = 1; ; tries++) {
    try {
      if (isInDoubt && (await isDone())) return;
      return await work();
    } catch (error) {
      if (tries === 300) throw error;
      isInDoubt = true;
      await sleep(100);
    }
  }
}
