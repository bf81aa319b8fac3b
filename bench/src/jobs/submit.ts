/** The transaction of a submission, sixteen at once: as the first release had it, on its schema, and as it is. */
import { randomUUID } from "node:crypto";
import {
  createStore,
  findGpuTypes,
  insertJob,
  type Queryable,
  sendOrder,
  type Transaction,
} from "../../../packages/jobs-store/src/index.ts";
import { openReleasedStore, releasedSubmit } from "../../../packages/jobs-store/test/released.ts";
import { median } from "../statistics.ts";
import { USERS } from "./filled-database.ts";
import { QUEUE, type Rig } from "./rig.ts";

const CONNECTIONS = 16;
/** Of the filled database: people do not submit sixteen jobs at once. */
const anyUser = () => 1 + Math.floor(Math.random() * USERS);

export const JOB = {
  image: "pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime",
  instanceType: "p5.48xlarge",
  durationHours: 4,
  command: "python train.py --epochs 100",
};

export interface SubmitPlan {
  readonly rounds: number;
  readonly slotMs: number;
}

/**
 * Both on one server, in turns.
 *
 * @returns a table, in Markdown.
 */
export async function benchmarkSubmit(
  { storeOptions, released: target }: Pick<Rig, "storeOptions" | "released">,
  plan: SubmitPlan,
): Promise<string> {
  const store = createStore({ ...storeOptions, pool: { min: CONNECTIONS, max: CONNECTIONS } });
  const before = openReleasedStore(target, CONNECTIONS);
  const run = {
    released: () => before.transaction((db) => releasedSubmit(db, { ...JOB, userId: anyUser() })),
    today: () => store.transaction((db) => submit(db, anyUser())),
  };
  const rates = { released: [] as number[], today: [] as number[] };
  try {
    for (let round = -1; round < plan.rounds; round++) {
      const order =
        round % 2 === 0 ? (["released", "today"] as const) : (["today", "released"] as const);
      for (const name of order) {
        const rate = await rateOf(run[name], plan.slotMs);
        // the first round warms up
        if (round >= 0) rates[name].push(rate);
      }
    }
  } finally {
    await Promise.all([store.close(), before.close()]);
  }
  const ratios = rates.today.map((rate, round) => rate / (rates.released[round] ?? Number.NaN));
  const row = (name: string, values: readonly number[], digits: number) => {
    const text = [median(values), Math.min(...values), Math.max(...values)];
    return `| ${[name, ...text.map((value) => value.toFixed(digits))].join(" | ")} |`;
  };
  return [
    `| submissions a second, ${CONNECTIONS} at once, one process | median | lowest | highest |`,
    "|---|---|---|---|",
    row("the first release's transaction", rates.released, 0),
    row("today's", rates.today, 0),
    row("ratio, by round", ratios, 1),
  ].join("\n");
}

/** Its statements alone, on a transaction of the store. */
export async function submit(db: Transaction, userId: number): Promise<void> {
  await findGpuTypes(db as Queryable, { instanceType: JOB.instanceType });
  const reservationId = randomUUID();
  const order = { v: 1, action: "create", order_id: randomUUID(), job_id: reservationId } as const;
  await Promise.all([
    insertJob(db, {
      ...JOB,
      reservationId,
      userId,
      name: `gpu-dev-${reservationId.slice(0, 8)}`,
      gpuType: "h100",
      gpuCount: 1,
      diskName: null,
      diskSizeGb: null,
      diskId: null,
      githubUser: "",
      sshPublicKeys: [],
      jupyterEnabled: false,
      envVarsSealed: null,
      wantedFingerprint: `k1:${"0".repeat(64)}`,
      podName: `gpu-dev-${reservationId}`,
    }),
    sendOrder(db, { queue: QUEUE, order: { ...order, arguments: {} } }),
  ]);
}

async function rateOf(run: () => Promise<unknown>, slotMs: number): Promise<number> {
  let count = 0;
  const startedAt = performance.now();
  const worker = async () => {
    while (performance.now() - startedAt < slotMs) {
      await run();
      count++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return count / ((performance.now() - startedAt) / 1000);
}
