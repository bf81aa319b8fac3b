/** What a page of a user's list reads: its own rows, by an index, whatever else the table holds. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { LIVE_STATES, type ListJobsArgs, listJobs, type Queryable } from "../src/index.ts";
import { openStore, startCluster } from "./harness.ts";

const cluster = await startCluster();
const store = openStore(await cluster.createDatabase(), { timeoutMs: 20_000 });
const { pool } = store;
/** With a long history, a few jobs that live, and a few of a rare type. */
const READER = 1;

before(async () => {
  await pool.query(`
    INSERT INTO api_users (username, aws_account, aws_role, aws_session)
    SELECT 'user-' || n, '111122223333', 'Role', 'user-' || n FROM generate_series(1, 100) AS n`);
  // every second row is the reader's and over; of the others' every second one lives
  await store.transaction(async (db) => {
    // the rows are right: nobody need look up what each refers to
    await db.query("SET LOCAL session_replication_role = replica");
    await db.query(`
      INSERT INTO reservations (reservation_id, user_id, status, image, gpu_type, gpu_count,
        instance_type, duration_hours, pod_name, created_at, reservation_ended, cleaned_at, due_at)
      SELECT 'job-' || lpad(n::text, 8, '0'), CASE WHEN n % 2 = 0 THEN 1 ELSE 2 + n % 99 END,
        CASE WHEN n % 4 = 1 OR n % 4000 = 0 THEN 'queued' ELSE 'expired' END, 'i',
        CASE WHEN n % 5000 = 2 THEN 't4' ELSE 'h100' END, 1, 'p5.48xlarge', 1, 'pod-' || n,
        now() - make_interval(secs => n),
        CASE WHEN n % 4 = 1 OR n % 4000 = 0 THEN NULL ELSE now() END,
        CASE WHEN n % 4 = 1 OR n % 4000 = 0 THEN NULL ELSE now() END, NULL
      FROM generate_series(1, 40000) AS n`);
  });
  await pool.query("ANALYZE");
});

interface PlanNode {
  readonly "Node Type": string;
  readonly "Index Name"?: string;
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly PlanNode[];
}

/** The index that a page is read by, and how many rows are looked at for it. */
async function readingOf(
  args: ListJobsArgs,
): Promise<{ index: string; rows: number; shown: number }> {
  let shown = 0;
  let plan: PlanNode | undefined;
  const explaining: Queryable = {
    async query(text, values) {
      const answer = await pool.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(
        `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
        values,
      );
      plan = answer.rows[0]?.["QUERY PLAN"][0].Plan;
      shown = plan?.["Actual Rows"] ?? 0;
      return { rows: [], rowCount: 0 };
    },
  };
  await listJobs(explaining, args);
  const scans = nodesOf(plan).filter((node) => node["Relation Name"] === "reservations");
  assert.equal(scans.length, 1, JSON.stringify(plan));
  const [scan] = scans as [PlanNode];
  const rows = (scan["Actual Rows"] + (scan["Rows Removed by Filter"] ?? 0)) * scan["Actual Loops"];
  // a bitmap's index has a node of its own
  const [index = "none"] = nodesOf(scan).flatMap((node) => node["Index Name"] ?? []);
  return { index, rows, shown };
}

const nodesOf = (node: PlanNode | undefined): PlanNode[] =>
  node === undefined ? [] : [node, ...(node.Plans ?? []).flatMap(nodesOf)];

for (const [name, filter, index, shown] of [
  ["live", { statuses: LIVE_STATES }, "reservations_live_by_user", 10],
  [
    "as the seed's client asks",
    { statuses: ["active", "preparing", "queued", "pending"] },
    "reservations_live_by_user",
    10,
  ],
  ["of a rare type", { gpuType: "t4" }, "reservations_by_user_and_type", 8],
  ["of a type that they never had", { gpuType: "a100" }, "reservations_by_user_and_type", 0],
  ["of all kinds", {}, "reservations_by_user", 51],
] as const satisfies readonly (readonly [string, Partial<ListJobsArgs>, string, number])[]) {
  test(`a user's jobs ${name} are read by ${index}, and no others`, async () => {
    const reading = await readingOf({ userId: READER, ...filter, limit: 51 });
    assert.equal(reading.index, index);
    assert.equal(reading.shown, shown);
    assert.equal(reading.rows, shown);
  });
}
