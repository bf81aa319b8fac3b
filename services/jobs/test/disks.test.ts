/** Disks: asked for, shown, renamed, deleted, restored. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectTarget, createStore, lockUser } from "@airlock/jobs-store";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { SEED_JOB, startJobs, startWorld } from "./harness.ts";

const world = await startWorld();
const database = await world.cluster.createDatabase();
const jobs = await startJobs(world, database);
const alice = await jobs.login();
const bob = await jobs.login(KNOWN_SESSIONS.otherGpuUser);

const ask = (method: string, path: string, body?: object, key = alice) =>
  jobs.ask(method, `/v1/disks${path}`, { key, ...(body && { body }) });
const create = (disk_name: string, size_gb?: number) => ask("POST", "", { disk_name, size_gb });

async function assertProblem(answer: ReturnType<typeof ask>, status: number, code: string) {
  const { status: got, body } = await answer;
  assert.equal(got, status, JSON.stringify(body));
  assert.equal(body.code, code);
}

test("a disk is there at once, and its operation is queued", async () => {
  const created = await create("data", 500);
  assert.equal(created.status, 200, JSON.stringify(created.body));
  const { operation_id, requested_at, ...rest } = created.body;
  assert.deepEqual(rest, {
    disk_name: "data",
    action: "create",
    message: "Disk creation request queued successfully",
  });
  assert.ok(Date.parse(requested_at));
  const operation = await ask("GET", `/data/operations/${operation_id}`);
  assert.equal(operation.status, 200, JSON.stringify(operation.body));
  assert.equal(operation.body.status, "queued");
  assert.equal(operation.body.completed, false);
  const disk = (await ask("GET", "/data")).body;
  assert.equal(disk.size_gb, 500);
  assert.equal(disk.user_id, "alice-example.com");
  assert.equal(disk.in_use, false);
  assert.deepEqual((await ask("GET", "")).body, { disks: [disk], total: 1 });
});

test("a deleted disk is kept for 30 days and comes back", async () => {
  await create("old");
  const removed = await ask("DELETE", "/old");
  const day = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  assert.equal(
    removed.body.message,
    `Disk deletion request queued successfully. Will be deleted on ${day}`,
  );
  const { body: shown } = await ask("GET", "/old");
  assert.equal(shown.is_deleted, true);
  assert.equal(shown.delete_date, day);
  const names = async (query: string) =>
    (await ask("GET", query)).body.disks.map((d: { disk_name: string }) => d.disk_name);
  for (const kept of ["", "?deleted=false"]) assert.ok(!(await names(kept)).includes("old"));
  assert.deepEqual(await names("?deleted=true"), ["old"]);
  await assertProblem(ask("DELETE", "/old"), 410, "disk_deleted");
  await assertProblem(ask("GET", "/old/content"), 410, "disk_deleted");
  await assertProblem(ask("POST", "/old/rename", { new_name: "new" }), 410, "disk_deleted");
  await assertProblem(create("old"), 409, "disk_exists");
  assert.equal((await ask("POST", "/old/restore")).body.action, "restore");
  assert.equal((await ask("GET", "/old")).body.is_deleted, false);
  await assertProblem(ask("POST", "/old/restore"), 409, "disk_not_deleted");
});

test("a deletion whose day has come is not taken back", async () => {
  await create("late");
  await ask("DELETE", "/late");
  await jobs.db.query("UPDATE disks SET delete_date = now()::date - 1 WHERE disk_name = 'late'");
  await assertProblem(ask("POST", "/late/restore"), 410, "disk_deleted");
  assert.deepEqual((await ask("GET", "?deleted=true")).body, { disks: [], total: 0 });
  await assertProblem(ask("GET", "?deleted=maybe"), 400, "bad_request");
});

test("a renamed disk has one name, and its operation is found by it", async () => {
  await create("before");
  const { body } = await ask("POST", "/before/rename", { new_name: "after" });
  assert.equal(body.old_name, "before");
  assert.equal(body.new_name, "after");
  await assertProblem(ask("GET", "/before"), 404, "disk_not_found");
  assert.equal((await ask("GET", `/after/operations/${body.operation_id}`)).body.action, "rename");
  await assertProblem(ask("POST", "/after/rename", { new_name: "data" }), 409, "disk_exists");
  await assertProblem(ask("POST", "/after/rename", { new_name: "a b" }), 400, "invalid_disk_name");
});

test("a disk in use is neither deleted nor renamed", async () => {
  await create("busy");
  const { job_id } = (await jobs.ask("POST", "/v1/jobs/submit", { key: alice, body: SEED_JOB }))
    .body;
  await jobs.db.query("UPDATE disks SET reservation_id = $1 WHERE disk_name = 'busy'", [job_id]);
  await assertProblem(ask("DELETE", "/busy"), 409, "disk_in_use");
  await assertProblem(ask("POST", "/busy/rename", { new_name: "idle" }), 409, "disk_in_use");
});

test("a job's disk is made for it, renamed as one likes, and not deleted until the job is over", async () => {
  const submit = (changes: object) =>
    jobs.ask("POST", "/v1/jobs/submit", { key: alice, body: { ...SEED_JOB, ...changes } });
  const { job_id } = (await submit({ disk_name: "wished", disk_size_gb: 500 })).body;
  const second = (await submit({ disk_name: "wished", disk_size_gb: 20 })).body.job_id;
  assert.equal((await ask("GET", "/wished")).body.size_gb, 500, "it is made once");
  await submit({ disk_name: "of-any-size", disk_size_gb: undefined });
  assert.equal((await ask("GET", "/of-any-size")).body.size_gb, 100);
  const renamed = await ask("POST", "/wished/rename", { new_name: "kept" });
  assert.equal(renamed.status, 200, JSON.stringify(renamed.body));
  const show = async (id: string) => (await jobs.ask("GET", `/v1/jobs/${id}`, { key: alice })).body;
  assert.equal((await show(job_id)).disk_name, "kept");
  // its operation is found by the name that its owner knows, whichever
  for (const name of ["wished", "kept"]) {
    const operation = await ask("GET", `/${name}/operations/${renamed.body.operation_id}`);
    assert.equal(operation.body.action, "rename", JSON.stringify(operation.body));
  }
  // the old name is free, for a disk of its own
  const { job_id: third } = (await submit({ disk_name: "wished" })).body;
  assert.equal((await show(third)).disk_name, "wished");
  await assertProblem(ask("DELETE", "/kept"), 409, "disk_in_use");
  await jobs.ask("POST", `/v1/jobs/${job_id}/cancel`, { key: alice });
  await assertProblem(ask("DELETE", "/kept"), 409, "disk_in_use");
  await jobs.ask("POST", `/v1/jobs/${second}/cancel`, { key: alice });
  assert.equal((await ask("DELETE", "/kept")).status, 200);
  const late = await submit({ disk_name: "kept" });
  assert.deepEqual([late.status, late.body.code], [410, "disk_deleted"]);
});

test("a disk that is being deleted is not taken by a job at the same time, in either order", async () => {
  for (let round = 0; round < 10; round++) {
    const disk_name = `raced-${round}`;
    await create(disk_name);
    const [submitted, removed] = await Promise.all([
      jobs.ask("POST", "/v1/jobs/submit", { key: alice, body: { ...SEED_JOB, disk_name } }),
      ask("DELETE", `/${disk_name}`),
    ]);
    const both = `${submitted.status} ${removed.status}`;
    assert.ok(["200 409", "410 200"].includes(both), both);
  }
});

/** As a processor leaves it behind. */
const bring = (disk_name: string, changes = "state = 'ready', due_at = NULL") =>
  jobs.db.query(`UPDATE disks SET ${changes} WHERE disk_name = $1`, [disk_name]);
const addSnapshot = async (disk_name: string, members: Record<string, unknown>) => {
  const names = Object.keys(members);
  const { rows } = await jobs.db.query<{ snapshot_id: string }>(
    `INSERT INTO disk_snapshots (disk_id, snapshot_name, ${names.join(", ")})
     SELECT disk_id, gen_random_uuid(), ${names.map((_, index) => `$${index + 2}`).join(", ")}
     FROM disks WHERE disk_name = $1 RETURNING snapshot_id`,
    [disk_name, ...Object.values(members)],
  );
  return rows[0]?.snapshot_id ?? "";
};

test("content is there, or a reason why it is not, and never both", async () => {
  await create("shot");
  const content = async () => (await ask("GET", "/shot/content")).body;
  assert.match((await content()).message, /^No snapshot contents available: a listing is made of/);
  const since = new Date(Date.now() - 60_000);
  await addSnapshot("shot", { state: "taking", created_at: since });
  assert.match((await content()).message, /yet: the snapshot is being made/);
  const found = { state: "ready", content: "1.2G\n", content_state: "done", cut_at: since };
  await addSnapshot("shot", { ...found, created_at: since });
  assert.deepEqual(await content(), {
    disk_name: "shot",
    content: "1.2G\n",
    s3_path: null,
    snapshot_date: since.toISOString().replace("Z", "+00:00"),
    message: null,
  });
  // a newer one that could not be listed hides nothing
  await addSnapshot("shot", { state: "ready", content_state: "done", content_error: "it failed" });
  assert.equal((await content()).content, "1.2G\n");
  await jobs.db.query("UPDATE disk_snapshots SET content = NULL");
  assert.equal((await content()).message, "No snapshot contents available: it failed");
});

test("snapshots are asked for, shown and counted, and one at a time is asked for", async () => {
  await create("kept-often");
  await assertProblem(ask("POST", "/kept-often/snapshots"), 409, "disk_not_ready");
  await bring("kept-often");
  const asked = await ask("POST", "/kept-often/snapshots", {});
  assert.equal(asked.status, 200, JSON.stringify(asked.body));
  assert.equal(asked.body.action, "snapshot");
  await assertProblem(ask("POST", "/kept-often/snapshots"), 409, "disk_changing");
  const disk = async () => (await ask("GET", "/kept-often")).body;
  assert.deepEqual([(await disk()).state, (await disk()).is_backing_up], ["ready", false]);
  const id = await addSnapshot("kept-often", { state: "wanted", reason: "asked" });
  assert.deepEqual([(await disk()).state, (await disk()).is_backing_up], ["snapshotting", true]);
  await jobs.db.query(
    "UPDATE disk_snapshots SET state = 'ready', ready_at = now() WHERE snapshot_id = $1",
    [id],
  );
  await addSnapshot("kept-often", { state: "failed", error: "The driver is away." });
  const { snapshots, total } = (await ask("GET", "/kept-often/snapshots")).body;
  assert.deepEqual(
    snapshots.map((one: { state: string; reason: string; error: string }) => [
      one.state,
      one.reason,
      one.error,
    ]),
    [
      ["failed", "job", "The driver is away."],
      ["ready", "asked", null],
    ],
  );
  assert.equal(total, 2);
  const now = await disk();
  assert.deepEqual([now.state, now.snapshot_count, now.is_backing_up], ["ready", 1, false]);
  assert.equal(now.warning, "Its newest snapshot failed: The driver is away.");
  assert.ok(Date.parse(now.last_snapshot_at));
});

test("a disk only grows, and has its old size until it has grown", async () => {
  await create("grows", 20);
  const grow = (size_gb: unknown) => ask("POST", "/grows/resize", { size_gb });
  await assertProblem(grow(40), 409, "disk_not_ready");
  await bring("grows");
  for (const size_gb of [19, 20]) await assertProblem(grow(size_gb), 422, "disk_cannot_shrink");
  for (const size_gb of [0, 1.5, 16_385, "40", null]) {
    await assertProblem(grow(size_gb), 422, "invalid_body");
  }
  const { body } = await grow(40);
  assert.equal(body.action, "resize", JSON.stringify(body));
  assert.equal((await ask("GET", "/grows")).body.size_gb, 20);
  await assertProblem(grow(50), 409, "disk_changing");
  const operation = (await ask("GET", `/grows/operations/${body.operation_id}`)).body;
  assert.deepEqual([operation.action, operation.status], ["resize", "queued"]);
});

test("a disk is made of another one, or of a snapshot of it", async () => {
  await create("original", 30);
  const clone = (body: object) => ask("POST", "", body);
  const from = (more: object = {}) => ({ disk_name: "copy", from: { disk: "original", ...more } });
  await assertProblem(clone(from()), 409, "disk_not_ready");
  await bring("original");
  const taking = await addSnapshot("original", { state: "taking" });
  const ready = await addSnapshot("original", { state: "ready", size_gb: 30 });
  await assertProblem(clone(from({ snapshot: taking })), 409, "snapshot_not_ready");
  const unknown = from({ snapshot: "6f9619ff-8b86-4011-b42d-00c04fc964ff" });
  await assertProblem(clone(unknown), 404, "snapshot_not_found");
  await assertProblem(clone(from({ snapshot: "x" })), 422, "invalid_body");
  await assertProblem(clone({ ...from(), size_gb: 29 }), 422, "disk_cannot_shrink");
  await assertProblem(clone({ ...from(), disk_name: "original" }), 409, "disk_exists");
  await assertProblem(clone({ ...from(), disk_name: "a b" }), 400, "invalid_disk_name");
  await assertProblem(ask("POST", "", from(), bob), 404, "disk_not_found");
  const { body } = await clone(from({ snapshot: ready }));
  assert.deepEqual([body.action, body.disk_name], ["clone", "copy"], JSON.stringify(body));
  const copy = (await ask("GET", "/copy")).body;
  assert.deepEqual([copy.state, copy.size_gb], ["creating", 30]);
  assert.equal((await clone({ ...from(), disk_name: "copy-2", size_gb: 50 })).status, 200);
  assert.equal((await ask("GET", "/copy-2")).body.size_gb, 50);
  await bring("original", "marked_deleted_at = now(), delete_date = now()::date + 30");
  await assertProblem(clone({ ...from(), disk_name: "copy-3" }), 410, "disk_deleted");
  assert.equal((await ask("GET", "/original/snapshots")).body.total, 2);
});

test("what could not be made says so, and its name is free as soon as it is deleted", async () => {
  await create("hopeless");
  await bring("hopeless", "state = 'failed', last_fault = 'It is gone.'");
  const { state, warning } = (await ask("GET", "/hopeless")).body;
  assert.deepEqual([state, warning], ["failed", "It is gone."]);
  const today = new Date().toISOString().slice(0, 10);
  assert.ok((await ask("DELETE", "/hopeless")).body.message.endsWith(today));
});

test("a disk that is no more is not found, its operations are, and its name is free", async () => {
  const { operation_id } = (await create("ended")).body;
  await bring(
    "ended",
    `marked_deleted_at = now(), delete_date = now()::date, state = 'gone', purged_at = now(),
     name_before = disk_name, disk_name = 'purged-' || disk_id`,
  );
  await assertProblem(ask("GET", "/ended"), 404, "disk_not_found");
  assert.equal((await ask("GET", `/ended/operations/${operation_id}`)).body.disk_name, "ended");
  assert.equal((await create("ended")).status, 200);
});

test("foreign disks and names that no disk has are not found", async () => {
  await create("private");
  const { operation_id } = (await create("private2")).body;
  for (const name of ["private", "nothing", "a%00b", "a%20b"]) {
    await assertProblem(ask("GET", `/${name}`, undefined, bob), 404, "disk_not_found");
    await assertProblem(ask("DELETE", `/${name}`, undefined, bob), 404, "disk_not_found");
    await assertProblem(ask("GET", `/${name}/content`, undefined, bob), 404, "disk_not_found");
    await assertProblem(ask("POST", `/${name}/restore`, undefined, bob), 404, "disk_not_found");
    await assertProblem(ask("GET", `/${name}/snapshots`, undefined, bob), 404, "disk_not_found");
    await assertProblem(ask("POST", `/${name}/snapshots`, undefined, bob), 404, "disk_not_found");
    const size = { size_gb: 1000 };
    await assertProblem(ask("POST", `/${name}/resize`, size, bob), 404, "disk_not_found");
  }
  for (const path of [`private2/operations/${operation_id}`, "private2/operations/x"]) {
    await assertProblem(ask("GET", `/${path}`, undefined, bob), 404, "operation_not_found");
  }
});

for (const name of ["a b", "", "../x", "a".repeat(64), "a\0"]) {
  test(`no disk can be called ${JSON.stringify(name.slice(0, 8))}`, async () => {
    await assertProblem(create(name), 400, "invalid_disk_name");
  });
}

test("a restore and a submission at once do not wait for each other, where there are quotas", async () => {
  await create("twice", 10);
  assert.equal((await ask("DELETE", "/twice")).status, 200);
  await jobs.db.query("INSERT INTO quotas (max_disks) VALUES (1000)");
  const { rows } = await jobs.db.query<{ user_id: number }>(
    "SELECT user_id FROM disks WHERE disk_name = 'twice'",
  );
  const log = { info() {}, warn() {}, error() {} };
  const times = { connectTimeoutMs: 5000, statementTimeoutMs: 5000, lockTimeoutMs: 5000, log };
  const store = createStore({ ...connectTarget(database), pool: { min: 0, max: 2 }, ...times });
  let restoring: ReturnType<typeof ask> | undefined;
  // as a submission does: the user, then the disk
  await store.transaction(async (transaction) => {
    await lockUser(transaction, rows[0]?.user_id ?? 0);
    restoring = ask("POST", "/twice/restore");
    const waits =
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while ((await store.pool.query(waits)).rows.length === 0) await new Promise(setImmediate);
    await transaction.query("SELECT FROM disks WHERE disk_name = 'twice' FOR KEY SHARE NOWAIT");
  });
  const answer = await restoring;
  assert.equal(answer?.status, 200, JSON.stringify(answer?.body));
  await jobs.db.query("DELETE FROM quotas");
  await store.close();
});
