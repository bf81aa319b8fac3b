/** How fast orders are carried out, beside PGMQ alone; and how long a job takes to its pod, and to run. */
import { randomUUID } from "node:crypto";
import { applyOrders, type Queryable, readJobOrder, readOrders } from "@airlock/jobs-store";
import { startPlayedCluster } from "../rig/jobs-cluster.ts";
import { type ProcessorsRig, QUEUE, startProcessors } from "../rig/processors.ts";
import { percentile, sleep, until } from "../rig/waiting.ts";
import { duration, type Scenario, type SizeName, type Stage } from "../scenario.ts";

const SIZES = { test: { orders: 1000, jobs: 10 }, soak: { orders: 20_000, jobs: 300 } } as const;
const BATCH = 50;
const SHARE = 0.5;
const ROUNDS = 5;

interface Rates {
  readonly bare: number;
  readonly own: number;
}

export const processorInbox: Scenario = {
  name: "processor-inbox",
  how: "20,000 orders in five rounds, four creations to one cancellation, each of its own job, are carried out by the processor's statements, and read and archived by a bare loop of the same shape (read 50, archive 50, fenced), on one Postgres; then 300 jobs one after the other through two processors",
  isSoakOnly: true,
  run,
};

async function run(size: SizeName, stage: Stage): Promise<void> {
  const { orders, jobs } = SIZES[size];
  const rig = await startProcessors(stage, await startPlayedCluster(stage, { nodes: 4 }), 30);
  const { pool } = rig.store;
  // both in turns, so that neither has the quieter half
  const rates: Rates[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await pool.query("DELETE FROM reservations");
    await fillJobs(pool, orders / ROUNDS);
    const rateOf = async (loop: (db: Queryable) => Promise<void>) => {
      await fillQueue(pool, orders / ROUNDS);
      return perSecond(orders / ROUNDS, () => loop(pool));
    };
    const isBareFirst = round % 2 === 0;
    const first = await rateOf(isBareFirst ? bareLoop : ownLoop);
    const second = await rateOf(isBareFirst ? ownLoop : bareLoop);
    rates.push(isBareFirst ? { bare: first, own: second } : { bare: second, own: first });
  }
  const share = percentile(
    rates.map(({ own, bare }) => own / bare),
    0.5,
  );
  const own = percentile(
    rates.map((rate) => rate.own),
    0.5,
  );
  const bare = percentile(
    rates.map((rate) => rate.bare),
    0.5,
  );
  const result = `${share.toFixed(2)} (${Math.round(own)} of ${Math.round(bare)} orders a second)`;
  stage.check(
    "orders a second, of a bare loop's, median",
    `≥ ${SHARE}`,
    share >= SHARE,
    `${orders} in ${ROUNDS} rounds`,
    result,
  );
  await pool.query("DELETE FROM reservations");
  await measureJobs(stage, rig, jobs);
}

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return count / ((performance.now() - startedMs) / 1000);
}

async function ownLoop(pool: Queryable): Promise<void> {
  for (;;) {
    const read = await readOrders(pool, { queue: QUEUE, limit: BATCH, seconds: 30 });
    if (read.length === 0) return;
    const held = read.flatMap(({ msg_id: messageId, read_ct: readCount, message }) => {
      const order = readJobOrder(message, { queue: QUEUE, messageId });
      return order ? [{ messageId, readCount, order }] : [];
    });
    for (const action of ["create", "cancel"] as const) {
      const orders = held.filter(({ order }) => order.action === action);
      await applyOrders(pool, { queue: QUEUE, action, orders, maxHours: 72 });
    }
  }
}

async function bareLoop(pool: Queryable): Promise<void> {
  const archive = `
    WITH asked AS (SELECT * FROM unnest($1::bigint[], $2::integer[]) AS asked (msg_id, read_ct)),
    held AS (SELECT msg_id FROM pgmq.q_${QUEUE} waiting JOIN asked USING (msg_id, read_ct)
      ORDER BY msg_id FOR UPDATE OF waiting),
    taken AS (DELETE FROM pgmq.q_${QUEUE} waiting USING held WHERE waiting.msg_id = held.msg_id
      RETURNING waiting.msg_id, vt, read_ct, enqueued_at, last_read_at, message, headers)
    INSERT INTO pgmq.a_${QUEUE} (msg_id, vt, read_ct, enqueued_at, last_read_at, message, headers)
    SELECT * FROM taken`;
  for (;;) {
    const { rows } = await pool.query<{ msg_id: string; read_ct: number }>(
      "SELECT * FROM pgmq.read($1::text, 30, $2::integer)",
      [QUEUE, BATCH],
    );
    if (rows.length === 0) return;
    await pool.query(archive, [
      rows.map(({ msg_id }) => msg_id),
      rows.map(({ read_ct }) => read_ct),
    ]);
  }
}

/** Jobs that run somewhere, as far as the database knows. */
const fillJobs = (pool: Queryable, count: number) =>
  pool.query(
    `INSERT INTO reservations (reservation_id, user_id, status, image, gpu_type, gpu_count,
       instance_type, duration_hours, pod_name, version, due_at)
     SELECT 'fill-' || lpad(n::text, 8, '0'), (SELECT min(user_id) FROM api_users), 'preparing', 'i',
       'h100', 1, 'p5.48xlarge', 1, 'fill-' || n, 1, now() + interval '1 day'
     FROM generate_series(1, $1::integer) n`,
    [count],
  );

const fillQueue = (pool: Queryable, count: number) =>
  pool.query(
    `SELECT pgmq.send_batch($1::text, array_agg(jsonb_build_object('v', 1,
       'action', CASE WHEN n % 5 = 0 THEN 'cancel' ELSE 'create' END,
       'order_id', gen_random_uuid(), 'job_id', 'fill-' || lpad(n::text, 8, '0'),
       'arguments', '{}'::jsonb)))
     FROM generate_series(1, $2::integer) n`,
    [QUEUE, count],
  );

async function measureJobs(stage: Stage, rig: ProcessorsRig, count: number): Promise<void> {
  await Promise.all([rig.startOne(), rig.startOne()]);
  const { pool } = rig.store;
  const startedMs = performance.now();
  for (let index = 0; index < count; index++) {
    await rig.submit({ jobId: randomUUID(), command: "echo hello", gpus: 1 });
    await sleep(20);
  }
  const left = async () =>
    (await pool.query("SELECT FROM reservations WHERE cleaned_at IS NULL LIMIT 1")).rows.length;
  await until("all are over", async () => (await left()) === 0, 120_000);
  const perJob = (performance.now() - startedMs) / 1000;
  const { rows } = await pool.query<{ kind: string; ms: number }>(
    `SELECT later.kind, extract(epoch FROM later.at - first.at)::double precision * 1000 AS ms
     FROM job_events first JOIN job_events later USING (reservation_id)
     WHERE first.kind = 'submitted' AND later.kind IN ('pod_made', 'active')`,
  );
  for (const kind of ["pod_made", "active"]) {
    const times = rows.filter((row) => row.kind === kind).map(({ ms }) => ms);
    const what = kind === "active" ? "from submit to running" : "from submit to its pod";
    stage.note(`${what}, median`, `${times.length} jobs`, duration(percentile(times, 0.5)));
  }
  stage.note("jobs from submit to end", `${count} jobs`, `${(count / perJob).toFixed(1)} a second`);
}
