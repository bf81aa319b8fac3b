/** A job changes in one way: guarded, with its event, and never back. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import {
  cancelWaitingJob,
  FINAL_STATES,
  faultJob,
  findJob,
  insertJob,
  type JobState,
  LIVE_STATES,
  listJobEvents,
  type MoveJobArgs,
  moveJob,
  readJobNews,
  StoreError,
  tellJob,
  tellWaitingJobs,
} from "../src/index.ts";
import { addUser, aJob, openStore, startCluster } from "./harness.ts";

const cluster = await startCluster();
const store = openStore(await cluster.createDatabase());
const { pool } = store;
const userId = await addUser(pool);
const event = { kind: "moved", actor: "processor" } as const;

let made = 0;
async function aJobIn(state: JobState): Promise<string> {
  const reservationId = `moving-${String(++made).padStart(6, "0")}`;
  await insertJob(pool, aJob(userId, reservationId));
  const move = (from: JobState, to: JobState) =>
    moveJob(pool, { reservationId, from: [from], to, event });
  if (state === "active") await move("queued", "preparing");
  if (state !== "queued") await move(state === "active" ? "preparing" : "queued", state);
  return reservationId;
}

const refusedBy = (constraint: string) => (error: unknown) => {
  assert.ok(error instanceof StoreError, String(error));
  assert.deepEqual([error.code, error.constraint], ["failed", constraint]);
  return true;
};
const write = (reservationId: string, sets: string) =>
  pool.query(`UPDATE reservations SET ${sets} WHERE reservation_id = $1`, [reservationId]);

test("a job that is over is over, by whichever statement", async () => {
  for (const last of FINAL_STATES) {
    const reservationId = await aJobIn(last);
    for (const to of [...LIVE_STATES, ...FINAL_STATES].filter((state) => state !== last)) {
      const set = write(reservationId, `status = '${to}'`);
      await assert.rejects(set, refusedBy("reservations_never_back"), `${last} → ${to}`);
      const move = moveJob(pool, { reservationId, from: [last], to, event });
      await assert.rejects(move, refusedBy("reservations_never_back"), `${last} → ${to}`);
    }
    assert.equal((await listJobEvents(pool, { reservationId })).length, 2, "no event of a refusal");
  }
});

test("a job that runs does not wait or start again", async () => {
  const reservationId = await aJobIn("active");
  for (const to of ["queued", "pending", "preparing", "creating_server"]) {
    const set = write(reservationId, `status = '${to}'`);
    await assert.rejects(set, refusedBy("reservations_never_back"), to);
  }
});

test("rows can always end: active with a time, final with another", async () => {
  const preparing = await aJobIn("preparing");
  for (const sets of [
    "status = 'active'",
    "status = 'active', launched_at = now()",
    "status = 'active', expires_at = now()",
  ]) {
    await assert.rejects(write(preparing, sets), refusedBy("reservations_active_ends"), sets);
  }
  const active = await aJobIn("active");
  await assert.rejects(write(active, "expires_at = NULL"), refusedBy("reservations_active_ends"));
  for (const last of FINAL_STATES) {
    await assert.rejects(
      write(active, `status = '${last}'`),
      refusedBy("reservations_final_is_ended"),
    );
  }
  await assert.rejects(
    write(active, "reservation_ended = now()"),
    refusedBy("reservations_final_is_ended"),
  );
  await assert.rejects(
    write(active, "cleaned_at = now(), due_at = NULL"),
    refusedBy("reservations_cleaned_is_final"),
  );
  await assert.rejects(write(active, "wanted = 'end'"), refusedBy("reservations_wanted"));
  await assert.rejects(
    write(active, "wanted = 'end', end_as = 'active'"),
    refusedBy("reservations_wanted"),
  );
  await assert.rejects(
    write(active, "lease_token = gen_random_uuid()"),
    refusedBy("reservations_lease"),
  );
});

test("times go with the state, by the database's clock", async () => {
  const reservationId = await aJobIn("active");
  const { rows } = await pool.query(
    `SELECT expires_at = launched_at + interval '4 hours' AS ends,
       abs(extract(epoch FROM now() - launched_at)) < 60 AS launched, version,
       jsonb_path_query_array(status_history, '$[*].status') AS history
     FROM reservations WHERE reservation_id = $1`,
    [reservationId],
  );
  const history = ["queued", "preparing", "active"];
  assert.deepEqual(rows, [{ ends: true, launched: true, version: 3, history }]);
  const set = { extensionHours: 2, extensionError: null } as const;
  await moveJob(pool, { reservationId, from: ["active"], set, event });
  const extended = await findJob(pool, { userId, reservationId });
  assert.equal(extended?.duration_hours, 6);
  const { expires_at, launched_at } = extended ?? {};
  assert.equal(Number(expires_at) - Number(launched_at), 6 * 3_600_000);
  await moveJob(pool, { reservationId, from: ["active"], to: "failed", event });
  const failed = await findJob(pool, { userId, reservationId });
  assert.ok(failed?.reservation_ended);
  assert.deepEqual(failed.failed_at, failed.reservation_ended);
});

test("a guard that does not hold lets nothing through, and tells of nothing", async () => {
  const reservationId = await aJobIn("preparing");
  const lease = randomUUID();
  const take = (until: string) =>
    pool.query(
      `UPDATE reservations SET lease_token = $2, lease_until = now() + $3::interval
       WHERE reservation_id = $1`,
      [reservationId, lease, until],
    );
  const move = (args: Partial<MoveJobArgs>) =>
    moveJob(pool, { reservationId, from: ["preparing"], event, ...args });
  await take("-1 second");
  assert.equal(await move({ lease, to: "active" }), undefined, "the lease is over");
  await take("1 minute");
  assert.equal(await move({ lease: randomUUID(), to: "active" }), undefined, "another's lease");
  assert.equal(await move({ lease, from: ["queued"], to: "active" }), undefined, "other state");
  assert.equal((await listJobEvents(pool, { reservationId })).length, 2);
  const kept = await move({ lease, keepsLease: true, dueInSeconds: 30 });
  assert.deepEqual(kept, { status: "preparing", version: 3 });
  assert.deepEqual(await move({ lease, to: "active" }), { status: "active", version: 4 });
  // it was given back with the move
  assert.equal(await move({ lease, from: ["active"] }), undefined);
});

test("of movers at once each gets a number of its own, without a gap", async () => {
  const reservationId = await aJobIn("active");
  const moved = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      moveJob(pool, {
        reservationId,
        from: ["active"],
        event: { kind: "noted", actor: "processor", data: { n } },
      }),
    ),
  );
  const numbers = moved.map((job) => job?.version ?? 0).sort((a, b) => a - b);
  assert.deepEqual(
    numbers,
    Array.from({ length: 20 }, (_, n) => n + 4),
  );
  const events = await listJobEvents(pool, { reservationId });
  assert.deepEqual(
    events.map(({ seq }) => seq),
    Array.from({ length: 23 }, (_, n) => n + 1),
  );
  assert.equal((await listJobEvents(pool, { reservationId, after: 20 })).length, 3);
});

test("why a job waits is among its events once, with whatever numbers, and however often it comes back", async () => {
  const reservationId = await aJobIn("queued");
  const tell = (words: string) => tellWaitingJobs(pool, new Map([[reservationId, words]]));
  const told: number[] = [];
  for (const words of ["3 are ahead.", "2 are ahead.", "No node.", "1 is ahead.", "No node."]) {
    told.push((await tell(words)).length);
  }
  assert.deepEqual(told, [1, 0, 1, 1, 0]);
  const job = await findJob(pool, { userId, reservationId });
  assert.equal(job?.current_detailed_status, "No node.", "what is so now is told all the same");
  for (const [from, to] of [
    ["queued", "preparing"],
    ["preparing", "queued"],
  ] as const) {
    await moveJob(pool, { reservationId, from: [from], to, event });
  }
  assert.deepEqual(await tell("9 are ahead."), [reservationId], "it waits anew");
  const events = await listJobEvents(pool, { reservationId });
  assert.deepEqual(
    events.map(({ seq, kind, data }) => [seq, kind, data.detail]),
    [
      [1, "submitted", undefined],
      [2, "waiting", "3 are ahead."],
      [3, "waiting", "No node."],
      [4, "waiting", "1 is ahead."],
      [5, "moved", undefined],
      [6, "moved", undefined],
      [7, "waiting", "9 are ahead."],
    ],
  );
});

test("how far a job is that starts is told once by whoever holds it, faults too; by nobody else", async () => {
  const reservationId = await aJobIn("preparing");
  const hold = async () => {
    const lease = randomUUID();
    await pool.query(
      `UPDATE reservations SET lease_token = $2, lease_until = now() + interval '1 minute'
       WHERE reservation_id = $1`,
      [reservationId, lease],
    );
    return lease;
  };
  const tell = async (detail: string, words: string) =>
    tellJob(pool, {
      ...{ reservationId, detail, kind: "starting", data: { words } },
      lease: await hold(),
      seconds: 5,
    });
  const fault = async (detail?: string) =>
    faultJob(pool, { reservationId, lease: await hold(), fault: "f", detail, seconds: 1 });
  const lost = { reservationId, lease: randomUUID(), seconds: 5, detail: "x", kind: "starting" };
  assert.equal(await tellJob(pool, lost), false);
  for (const words of ["a", "b"]) assert.equal(await tell("Its pod starts on n1.", words), true);
  for (const used of ["1", "2"]) await fault(`The quota is used up: ${used} of 8.`);
  await fault();
  assert.equal(await tell("Its pod starts on n1.", "c"), true);
  const events = await listJobEvents(pool, { reservationId });
  assert.deepEqual(
    events.slice(2).map(({ seq, kind, data }) => [seq, kind, data]),
    [
      [3, "starting", { detail: "Its pod starts on n1.", words: "a" }],
      [4, "tried_again", { detail: "The quota is used up: 1 of 8.", try: 1 }],
    ],
  );
  const { rows } = await pool.query(
    `SELECT version, faults, lease_token, current_detailed_status AS detail FROM reservations
     WHERE reservation_id = $1`,
    [reservationId],
  );
  const detail = "Its pod starts on n1.";
  assert.deepEqual(rows, [{ version: 4, faults: 0, lease_token: null, detail }]);
});

test("the news of many jobs are those behind what is known of each, and that there will be none", async () => {
  const [moves, waits, over] = await Promise.all([
    aJobIn("active"),
    aJobIn("queued"),
    aJobIn("queued"),
  ]);
  await cancelWaitingJob(pool, { reservationId: over, orderId: randomUUID() });
  const news = await readJobNews(
    pool,
    [
      { reservationId: moves, after: 1 },
      { reservationId: waits, after: 1 },
      { reservationId: over, after: 2 },
      { reservationId: "forgotten-long-ago", after: 7 },
    ],
    1,
  );
  const found = new Map(
    news.map(({ reservation_id, events, ...row }) => [
      reservation_id,
      { ...row, seqs: events.map(({ seq }) => seq) },
    ]),
  );
  assert.deepEqual(
    found,
    new Map([
      [moves, { version: 3, is_over: false, seqs: [2] }],
      [over, { version: 2, is_over: true, seqs: [] }],
      ["forgotten-long-ago", { version: null, is_over: true, seqs: [] }],
    ]),
  );
  assert.ok(news.flatMap(({ events }) => events)[0]?.at instanceof Date);
});

test("a job that waits is cancelled by its row alone, whoever holds it; one that starts is not", async () => {
  const orderId = randomUUID();
  const reservationId = await aJobIn("queued");
  const lease = randomUUID();
  await pool.query(
    `UPDATE reservations SET lease_token = $2, lease_until = now() + interval '1 minute',
       current_detailed_status = 'Waits for a node.'
     WHERE reservation_id = $1`,
    [reservationId, lease],
  );
  assert.equal(await cancelWaitingJob(pool, { reservationId, orderId }), true);
  assert.equal(await cancelWaitingJob(pool, { reservationId, orderId }), false);
  const job = await findJob(pool, { userId, reservationId });
  assert.deepEqual([job?.status, job?.cancelled_at], ["cancelled", job?.reservation_ended]);
  assert.equal(job?.current_detailed_status, null, "it waits for nothing any more");
  const { rows } = await pool.query(
    `SELECT due_at, cleaned_at IS NOT NULL AS cleaned FROM reservations WHERE reservation_id = $1`,
    [reservationId],
  );
  assert.deepEqual(rows, [{ due_at: null, cleaned: true }]);
  const events = await listJobEvents(pool, { reservationId });
  assert.deepEqual(
    events.map(({ seq, kind, actor, data }) => ({ seq, kind, actor, data })),
    [
      { seq: 1, kind: "submitted", actor: "user", data: {} },
      { seq: 2, kind: "cancelled", actor: "user", data: { order_id: orderId } },
    ],
  );
  // whoever was about to place it finds its move refused
  const place = { reservationId, from: ["queued"], to: "preparing", lease, event } as const;
  assert.equal(await moveJob(pool, place), undefined);
  const starting = await aJobIn("preparing");
  assert.equal(await cancelWaitingJob(pool, { reservationId: starting, orderId }), false);
});
