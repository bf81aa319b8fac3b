/** Questions that are asked all the time are answered by an index, among 100,000 rows. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  applyOrders,
  callForJobs,
  cancelWaitingJob,
  claimDisk,
  claimDueJobs,
  deleteEndedKeys,
  deleteExpiredAnswers,
  deleteExpiredChallenges,
  deleteOldArchive,
  deleteOldJobs,
  deleteOldOperations,
  findDiskOperation,
  findJob,
  findJobsByPrefix,
  findJobWantingDisk,
  findKeyByHash,
  findOrphans,
  listJobEvents,
  listJobs,
  listRecentJobs,
  listWaitingTypes,
  moveJob,
  type Queryable,
  readClusterType,
  readJobNews,
} from "../src/index.ts";
import { openStore, readAvailability, startCluster } from "./harness.ts";

const cluster = await startCluster();
const store = openStore(await cluster.createDatabase(), { timeoutMs: 240_000 });
const { pool } = store;

const ROWS = 100_000;
const DISKS = 2000;
/** One job in a thousand is live. */
const fill = [
  `INSERT INTO api_users (username, aws_account, aws_role, aws_session)
   SELECT 'user-' || n, '111122223333', 'Role', 'user-' || n FROM generate_series(1, 1000) AS n`,
  `INSERT INTO api_keys (user_id, key_hash, key_prefix, expires_at, login_expires_at)
   SELECT 1 + n % 1000, encode(sha256(n::text::bytea), 'hex'), 'gpud_' || n,
     now() + n * interval '1 second', now() + n * interval '1 second'
   FROM generate_series(1, ${ROWS / 10}) AS n`,
  `INSERT INTO disks (user_id, disk_name, size_gb)
   SELECT 1 + n % 1000, 'disk-' || n, 1 FROM generate_series(1, ${DISKS}) AS n`,
  `INSERT INTO reservations (reservation_id, user_id, status, image, gpu_type, gpu_count,
     instance_type, duration_hours, pod_name, created_at, disk_id, reservation_ended, cleaned_at,
     due_at, version)
   SELECT md5(n::text), 1 + n % 100, CASE WHEN live THEN 'queued' ELSE 'expired' END, 'i', 'h100',
     1, 'p5.48xlarge', 1, 'pod-' || n, now() - make_interval(secs => n),
     disk_ids[1 + n % 100],
     CASE WHEN NOT live THEN now() - make_interval(mins => n) END,
     CASE WHEN NOT live THEN now() END, CASE WHEN live THEN now() + make_interval(secs => n) END, 1
   FROM generate_series(1, ${ROWS}) AS n, LATERAL (SELECT n % 1000 = 0 AS live) AS state,
     (SELECT array_agg(disk_id) AS disk_ids FROM (SELECT disk_id FROM disks LIMIT 100) AS chosen) AS their`,
  // one live job in four has its node; of those that are over many had one
  `INSERT INTO job_pods (reservation_id, generation, node_index, pod_name, node_name, gpus, pod_uid,
     released_at)
   SELECT md5(n::text), 1, 0, 'pod-' || n, 'node-' || n % 10, 1, 'uid-' || n,
     CASE WHEN n % 4000 <> 0 THEN now() END
   FROM generate_series(40, ${ROWS}, 40) AS n`,
  `INSERT INTO pgmq.q_gpu_reservations (msg_id, vt, read_ct, message) OVERRIDING SYSTEM VALUE
   SELECT 100000 + n, now(), 1, '{}' FROM generate_series(1, 20000) n`,
  `INSERT INTO job_events (reservation_id, seq, kind, actor)
   SELECT reservation_id, 1, 'submitted', 'user' FROM reservations LIMIT ${ROWS / 4}`,
  `INSERT INTO disk_operations (operation_id, disk_id, action, status, completed_at)
   SELECT gen_random_uuid(), disk_id, 'rename', 'completed', now() - n * interval '1 hour'
   FROM disks, generate_series(1, 10) n`,
  `INSERT INTO auth_challenges (challenge_hash, expires_at)
   SELECT encode(sha256(n::text::bytea), 'hex'), now() + n * interval '1 minute'
   FROM generate_series(1, 10000) n`,
  `INSERT INTO idempotency_keys (user_id, route, idempotency_key, fingerprint, expires_at)
   SELECT 1 + n % 1000, 'POST /', n, repeat('0', 64), now() + n * interval '1 minute'
   FROM generate_series(1, 10000) n`,
  `INSERT INTO pgmq.a_gpu_reservations (msg_id, read_ct, enqueued_at, archived_at, vt, message)
   SELECT n, 1, now(), now() - n * interval '1 minute', now(), '{}' FROM generate_series(1, 20000) n`,
];

before(async () => {
  await store.transaction(async (db) => {
    // the rows are right: nobody need look up what each refers to
    await db.query("SET LOCAL session_replication_role = replica");
    for (const text of fill) await db.query(text);
  });
  await pool.query("ANALYZE");
});

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Actual Rows": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Actual Loops": number;
  readonly Plans?: readonly Plan[];
}

/** Carries out, and undoes, the one statement that `call` makes. */
async function planOf(call: (db: Queryable) => Promise<unknown>): Promise<readonly Plan[]> {
  const asked: Parameters<Queryable["query"]>[] = [];
  const recorder: Queryable = {
    query: (...statement) => {
      asked.push(statement);
      return Promise.resolve({ rows: [], rowCount: 0 });
    },
  };
  // who finds nothing may ask on, or throw
  await call(recorder).catch(() => {});
  const [text, values] = asked[0] as Parameters<Queryable["query"]>;
  const undone = new Error("undone");
  let nodes: readonly Plan[] = [];
  const run = store.transaction(async (db) => {
    const { rows } = await db.query<{ "QUERY PLAN": readonly { Plan: Plan }[] }>(
      `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${text}`,
      values,
    );
    nodes = (rows[0]?.["QUERY PLAN"] ?? []).flatMap(({ Plan }) => flat(Plan));
    throw undone;
  });
  await run.catch((error: unknown) => {
    if (error !== undone) throw error;
  });
  return nodes;
}
const flat = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flat)];
const readBy = (plan: Plan): number =>
  (plan["Actual Rows"] + (plan["Rows Removed by Filter"] ?? 0)) * plan["Actual Loops"];

const AN_ID = "a87ff679a2f3e71d9181a67b7542122c"; // md5 of 4
const LIVE = "a9b7ba70783b617e9998dc4dd82eb3c5"; // md5 of 1000
const PAGE = { createdAt: new Date(Date.now() - 3_600_000), reservationId: "5" };
const event = { kind: "moved", actor: "processor" } as const;
const A_UUID = "5b1c1f64-7a3d-4c1e-9b62-0f5a6f1f2c11";
const STEP = { olderThanDays: 7, limit: 100 };

/** As many as are read at once. */
const ORDERS = {
  queue: "gpu_reservations",
  action: "cancel",
  maxHours: 72,
  orders: Array.from({ length: 50 }, (_, index) => ({
    messageId: String(100_100 + index),
    readCount: 1,
    order: {
      v: 1 as const,
      action: "cancel" as const,
      order_id: A_UUID,
      job_id: `none-${index}`,
      arguments: {},
    },
  })),
} as const;

/** The statement, the index that it must use, and how many rows it may touch. */
const HOT: readonly [string, (db: Queryable) => Promise<unknown>, string, number][] = [
  ["a key by its hash", (db) => findKeyByHash(db, "0".repeat(64)), "api_keys_key_hash_key", 2],
  ["a user's jobs", (db) => listJobs(db, { userId: 7, limit: 20 }), "reservations_by_user", 100],
  [
    "the next page of them",
    (db) => listJobs(db, { userId: 7, after: PAGE, limit: 20 }),
    "reservations_by_user",
    100,
  ],
  [
    "a job by the beginning of its id",
    (db) => findJobsByPrefix(db, { userId: 5, prefix: AN_ID.slice(0, 8) }),
    "reservations_user_id_prefix",
    10,
  ],
  [
    "a job by its id",
    (db) => findJob(db, { userId: 5, reservationId: AN_ID }),
    "reservations_user_id_prefix",
    10,
  ],
  [
    "a job moved",
    (db) => moveJob(db, { reservationId: LIVE, from: ["queued"], to: "preparing", event }),
    "reservations_pkey",
    10,
  ],
  [
    "a waiting job cancelled",
    (db) => cancelWaitingJob(db, { reservationId: LIVE, orderId: A_UUID }),
    "reservations_pkey",
    10,
  ],
  [
    "news of a job",
    (db) => readJobNews(db, [{ reservationId: AN_ID, after: 0 }], 50),
    "job_events_pkey",
    20,
  ],
  ["a job's events", (db) => listJobEvents(db, { reservationId: AN_ID }), "job_events_pkey", 10],
  [
    "a user's disk",
    (db) => claimDisk(db, { userId: 5, diskName: "disk-4", sizeGb: 1 }),
    "disks_name",
    10,
  ],
  [
    "an operation by its id",
    (db) => findDiskOperation(db, { userId: 5, operationId: A_UUID }),
    "disk_operations_pkey",
    10,
  ],
  [
    "jobs that are due",
    (db) => claimDueJobs(db, { lease: A_UUID, leaseSeconds: 30, limit: 20 }),
    "reservations_due",
    200,
  ],
  ["jobs called for", (db) => callForJobs(db, [LIVE, AN_ID]), "reservations_pkey", 10],
  ["jobs that wait", (db) => readClusterType(db, "h100"), "reservations_waiting", 100 + DISKS],
  ["types that are waited for", (db) => listWaitingTypes(db), "reservations_waiting", 500],
  ["what is booked", (db) => readClusterType(db, "h100"), "job_pods_booked", 100 + DISKS],
  ["what jobs lately did", (db) => listRecentJobs(db), "reservations_ended", 5000],
  [
    "whose pod this is",
    (db) => findOrphans(db, [{ reservationId: LIVE, generation: 1, uid: "u" }]),
    "reservations_pkey",
    10,
  ],
  ["orders carried out", (db) => applyOrders(db, ORDERS), "q_gpu_reservations_pkey", 200],
  ["what is free", (db) => readAvailability(db), "reservations_waiting", 100 + DISKS],
  ["keys to be forgotten", (db) => deleteEndedKeys(db, STEP), "api_keys_ended", 500],
  ["jobs to be forgotten", (db) => deleteOldJobs(db, STEP), "reservations_ended", 1000],
  [
    "operations to be forgotten",
    (db) => deleteOldOperations(db, STEP),
    "disk_operations_completed",
    1000,
  ],
  [
    "challenges to be forgotten",
    (db) => deleteExpiredChallenges(db, 100),
    "auth_challenges_expires_at",
    1000,
  ],
  [
    "answers to be forgotten",
    (db) => deleteExpiredAnswers(db, 100),
    "idempotency_keys_expires_at",
    1000,
  ],
  [
    "orders to be forgotten",
    (db) => deleteOldArchive(db, { ...STEP, queue: "gpu_reservations" }),
    "archived_at_idx_gpu_reservations",
    1000,
  ],
];

for (const [name, call, index, most] of HOT) {
  test(`${name}: by ${index}, and few rows are read`, async () => {
    const nodes = await planOf(call);
    const words = nodes.map(
      (node) => `${node["Node Type"]} ${node["Index Name"] ?? ""} ${readBy(node)}`,
    );
    assert.ok(
      nodes.some((node) => node["Index Name"] === index),
      words.join("\n"),
    );
    const large = nodes.filter((node) => readBy(node) > most);
    assert.deepEqual(
      large.map((node) => node["Node Type"]),
      [],
      words.join("\n"),
    );
    // a disk for each of a hundred jobs is found by looking through them all, while they are this few
    const scans = nodes.filter(
      (node) =>
        node["Node Type"] === "Seq Scan" && node["Relation Name"] !== "disks" && readBy(node) > 50,
    );
    assert.deepEqual(scans, [], words.join("\n"));
  });
}

test("a job that wants a disk is found among a thousand that wanted it", async () => {
  const { rows } = await pool.query<{ id: string }>(
    "SELECT disk_id AS id FROM reservations WHERE disk_id IS NOT NULL LIMIT 1",
  );
  const nodes = await planOf((db) => findJobWantingDisk(db, rows[0]?.id ?? ""));
  assert.ok(nodes.some((node) => node["Index Name"] === "reservations_by_disk"));
  assert.ok(nodes.every((node) => readBy(node) <= 2));
});
