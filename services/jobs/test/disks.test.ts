/** Disks: asked for, shown, renamed, deleted, restored. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { SEED_JOB, startJobs, startWorld } from "./harness.ts";

const world = await startWorld();
const jobs = await startJobs(world, await world.cluster.createDatabase());
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
  const names = (await ask("GET", "")).body.disks.map((d: { disk_name: string }) => d.disk_name);
  assert.ok(!names.includes("old"));
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

test("content says that there is none yet, and where it is once there is one", async () => {
  await create("shot");
  const none = await ask("GET", "/shot/content");
  assert.match(none.body.message, /^No snapshot contents available/);
  assert.equal(none.body.s3_path, null);
  const path = "s3://airlock-data-dev/alice/shot/contents.txt";
  await jobs.db.query(
    "UPDATE disks SET latest_snapshot_content_s3 = $1, last_snapshot_at = now() WHERE disk_name = 'shot'",
    [path],
  );
  assert.equal((await ask("GET", "/shot/content")).body.s3_path, path);
});

test("foreign disks and names that no disk has are not found", async () => {
  await create("private");
  const { operation_id } = (await create("private2")).body;
  for (const name of ["private", "nothing", "a%00b", "a%20b"]) {
    await assertProblem(ask("GET", `/${name}`, undefined, bob), 404, "disk_not_found");
    await assertProblem(ask("DELETE", `/${name}`, undefined, bob), 404, "disk_not_found");
    await assertProblem(ask("GET", `/${name}/content`, undefined, bob), 404, "disk_not_found");
    await assertProblem(ask("POST", `/${name}/restore`, undefined, bob), 404, "disk_not_found");
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
