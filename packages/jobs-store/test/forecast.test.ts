/** When jobs start, by how long such jobs run: what is known, and what is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ClusterTypeRow,
  FORECAST_JOBS,
  type RecentJobRow,
  ratioAt,
  runLengthsOf,
  startsOf,
  viewOf,
} from "../src/index.ts";
import { aRow, aWaitingJob } from "./cluster-rows.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = 100 * HOUR_MS;
const RULES = { order: "fair", maxWaitHours: 24 } as const;

/** Jobs that are over, long ago: nobody comes again. */
const ended = (count: number, ran_part: number, gpu_type = "h100"): RecentJobRow[] =>
  Array.from({ length: count }, (_, index) => ({
    ...{ reservation_id: `over-${gpu_type}-${index}`, user_id: 1, gpu_type, gpu_count: 1 },
    ...{ duration_hours: 4, created_at_ms: 0, ran_part },
  }));

/** One node, of which all is taken by a job of four hours that runs since an hour. */
function full(waiting: ClusterTypeRow["waiting"]): ClusterTypeRow {
  const row = aRow({
    nodes: [{ name: "a", gpus: 8 }],
    bookings: [{ node: "a", gpus: 8, endsAtMs: NOW + 3 * HOUR_MS }],
    waiting,
    nowMs: NOW,
  });
  const bookings = row.bookings.map((one) => ({
    ...one,
    ...{ launched_at_ms: NOW - HOUR_MS, duration_hours: 4 },
  }));
  return { ...row, bookings };
}

const hoursOf = async (row: ClusterTypeRow, jobs: readonly RecentJobRow[], id = "j") => {
  const start = (await startsOf(viewOf(row, RULES), { windowMs: DAY_MS, jobs }, RULES)).get(id);
  return (
    start && [start.p50Ms, start.p90Ms].map((ms) => Math.round((10 * (ms - NOW)) / HOUR_MS) / 10)
  );
};
const one = [aWaitingJob({ id: "j", gpus: 8, createdAtMs: NOW })];

test("the part that jobs run: of the type where enough are known, else of all, else the whole", () => {
  const byType = (own: number, others: number) =>
    new Map([
      ["h100", Array.from({ length: own }, () => 0.5)],
      ["a100", Array.from({ length: others }, () => 0.25)],
    ]);
  assert.equal(ratioAt(runLengthsOf(byType(20, 50), "h100"), 0, 0.5), 0.5);
  assert.equal(ratioAt(runLengthsOf(byType(19, 50), "h100"), 0, 0.5), 0.25);
  assert.equal(ratioAt(runLengthsOf(byType(5, 5), "h100"), 0, 0.5), 1);
  const lengths = { ratios: [0.1, 0.2, 0.4, 0.8] };
  assert.deepEqual(
    [0, 0.3, 0.9].map((done) => ratioAt(lengths, done, 0)),
    [0.1, 0.4, 1],
  );
  assert.equal(ratioAt(lengths, 0, 0.999), 0.8);
});

test("a job that waits for another starts when such jobs are over, or at the latest where nothing is known", async () => {
  assert.deepEqual(await hoursOf(full(one), ended(20, 0.5)), [1, 1]);
  assert.deepEqual(await hoursOf(full(one), ended(20, 0.5, "a100")), [1, 1]);
  assert.deepEqual(await hoursOf(full(one), []), [3, 3]);
  // it has run for longer than half of its time: it is one of those that run to their end
  assert.deepEqual(await hoursOf(full(one), [...ended(20, 0.2), ...ended(20, 1)]), [3, 3]);
});

test("jobs that come meanwhile, of users who hold less, go before it", async () => {
  const mine = ["first", "j"].map((id, index) =>
    aWaitingJob({ id, gpus: 4, createdAtMs: NOW - 2 + index, hours: 20 }),
  );
  const quiet = await hoursOf(full(mine), []);
  const coming = Array.from({ length: 24 }, (_, hour) => ({
    ...{ reservation_id: `came-${hour}`, user_id: 50 + hour, gpu_type: "h100", gpu_count: 8 },
    ...{ duration_hours: 1, created_at_ms: NOW - hour * HOUR_MS - 1, ran_part: null },
  }));
  const busy = await hoursOf(full(mine), coming);
  assert.deepEqual(quiet, [3, 3]);
  assert.ok(busy && quiet && (busy[0] ?? 0) > (quiet[0] ?? 0), `${busy}`);
});

test("it is told the same twice, and nothing to those in no line or behind too many", async () => {
  const row = full(one);
  const jobs = [...ended(30, 0.3), ...ended(30, 0.9)];
  assert.deepEqual(await hoursOf(row, jobs), await hoursOf(row, jobs));
  assert.equal(await hoursOf(full([aWaitingJob({ id: "j", gpus: 9 })]), jobs), undefined);
  const many = Array.from({ length: FORECAST_JOBS }, (_, n) =>
    aWaitingJob({ id: `m${n}`, gpus: 8 }),
  );
  assert.equal(await hoursOf(full([...many, ...one]), jobs), undefined);
});
