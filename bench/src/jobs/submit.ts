/** The transaction of a submission, sixteen at once: as the first release had it, on its schema, as it is, and the least that one could be. */
import { randomUUID } from "node:crypto";
import {
  createStore,
  insertJob,
  type Queryable,
  type Transaction,
} from "../../../packages/jobs-store/src/index.ts";
import { prepared } from "../../../packages/jobs-store/src/prepared.ts";
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
 * All on one server, in turns.
 *
 * @returns a table, in Markdown.
 */
export async function benchmarkSubmit(
  { storeOptions, released: target }: Pick<Rig, "storeOptions" | "released">,
  plan: SubmitPlan,
): Promise<string> {
  const store = createStore({ ...storeOptions, pool: { min: CONNECTIONS, max: CONNECTIONS } });
  const before = openReleasedStore(target, CONNECTIONS);
  await store.pool.query(LEAST_TABLE);
  const run = {
    released: () => before.transaction((db) => releasedSubmit(db, { ...JOB, userId: anyUser() })),
    today: () => store.transaction((db) => submit(db, anyUser())),
    least: () => store.transaction((db) => insertLeast(db.last)),
  };
  const rates = { released: [] as number[], today: [] as number[], least: [] as number[] };
  const names = ["released", "today", "least"] as const;
  try {
    for (let round = -1; round < plan.rounds; round++) {
      for (const name of round % 2 === 0 ? names : names.toReversed()) {
        const rate = await rateOf(run[name], plan.slotMs);
        // the first round warms up
        if (round >= 0) rates[name].push(rate);
      }
    }
  } finally {
    await Promise.all([store.close(), before.close()]);
  }
  const ofReleased = (values: readonly number[]) =>
    values.map((rate, round) => rate / (rates.released[round] ?? Number.NaN));
  const row = (name: string, values: readonly number[], digits: number) => {
    const text = [median(values), Math.min(...values), Math.max(...values)];
    return `| ${[name, ...text.map((value) => value.toFixed(digits))].join(" | ")} |`;
  };
  return [
    `| submissions a second, ${CONNECTIONS} at once, one process | median | lowest | highest |`,
    "|---|---|---|---|",
    row("the first release's transaction", rates.released, 0),
    row("today's", rates.today, 0),
    row("one row without rules and one message", rates.least, 0),
    row("today's, of the first release's, by round", ofReleased(rates.today), 1),
    row("one row and one message, of the first release's, by round", ofReleased(rates.least), 1),
  ].join("\n");
}

/** Its statement alone, on a transaction of the store; the service asks for types once a second. */
export async function submit(db: Transaction, userId: number): Promise<void> {
  const reservationId = randomUUID();
  const order = { v: 1, action: "create", order_id: randomUUID(), job_id: reservationId } as const;
  db.ringAfterCommit(QUEUE);
  await insertJob(db.last, {
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
    order: { queue: QUEUE, order: { ...order, arguments: {} } },
    isOfferChecked: true,
  });
}

const LEAST_TABLE = "CREATE TABLE least (id uuid PRIMARY KEY, asked jsonb NOT NULL)";
const LEAST = prepared(
  "least",
  `WITH kept AS (INSERT INTO least VALUES ($1::uuid, $2::jsonb))
   INSERT INTO pgmq.q_${QUEUE} (vt, message) VALUES (now(), $3::jsonb)`,
);

/** What nothing that keeps a job and sends its order can be faster than. */
async function insertLeast(db: Queryable): Promise<void> {
  const id = randomUUID();
  await db.query(LEAST, [id, JSON.stringify(JOB), JSON.stringify({ v: 1, job_id: id })]);
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
