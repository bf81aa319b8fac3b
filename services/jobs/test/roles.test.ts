/** The service with a login that may do what its role may, and nothing more. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { countOf, SEED_JOB, startJobs, startWorld } from "./harness.ts";

const world = await startWorld();
const owner = await startJobs(world, await world.cluster.createDatabase(), {
  pace: { forgettingMs: 3_600_000 },
});

test("all that a user and an operator do goes through a login of the role airlock_api", async () => {
  await owner.db.query("CREATE ROLE api_login LOGIN PASSWORD 'example' IN ROLE airlock_api");
  const { rows } = await owner.db.query<{ name: string }>("SELECT current_database() AS name");
  const url = `postgresql://api_login:example@127.0.0.1:${world.cluster.port}/${rows[0]?.name}`;
  // it is for the other one to forget what is old, from its start on
  await owner.db.query("DELETE FROM duties");
  await owner.db.query(
    "INSERT INTO auth_challenges (challenge_hash, expires_at) VALUES (repeat('0', 64), now())",
  );
  const env = { ADMIN_SUBJECTS: "aws:111122223333:*:alice@example.com" };
  const jobs = await startJobs(world, url, { env });
  let key = await jobs.login();
  const asked = async (method: string, path: string, body?: object, status = 200) => {
    const headers =
      method === "GET"
        ? {}
        : { "idempotency-key": `${method} ${path} ${JSON.stringify(body)?.length}` };
    const answer = await jobs.ask(method, path, { key, headers, ...(body && { body }) });
    assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  key = (await asked("POST", "/v1/keys/rotate")).api_key;
  const { job_id } = await asked("POST", "/v1/jobs/submit", SEED_JOB);
  await asked("GET", `/v1/jobs/${job_id}`);
  await asked("GET", "/v1/jobs");
  await asked("POST", `/v1/jobs/${job_id}/extend`, { extension_hours: 1 });
  await asked("POST", `/v1/jobs/${job_id}/users`, { github_username: "octocat" });
  await asked("POST", `/v1/jobs/${job_id}/cancel`);
  const disk = await asked("POST", "/v1/disks", { disk_name: "data", size_gb: 10 });
  await asked("GET", `/v1/disks/data/operations/${disk.operation_id}`);
  await asked("POST", "/v1/disks/data/rename", { new_name: "kept" });
  await asked("DELETE", "/v1/disks/kept");
  await asked("POST", "/v1/disks/kept/restore");
  await asked("GET", "/v1/disks");
  await asked("GET", "/v1/keys");
  await asked("GET", "/v1/gpu/availability");
  await asked("GET", "/v1/cluster/status");
  const other = await jobs.login(KNOWN_SESSIONS.otherGpuUser);
  for (const list of ["users", "jobs", "dead-orders", "duties", "orphans", "nodes", "retention"]) {
    await asked("GET", `/v1/admin/${list}`);
  }
  const { job_id: waiting } = await asked("POST", "/v1/jobs/submit", {
    ...SEED_JOB,
    disk_name: "b",
  });
  await asked("POST", `/v1/admin/jobs/${waiting}/extend`, { extension_hours: 1 });
  await asked("POST", `/v1/admin/jobs/${waiting}/cancel`);
  await owner.db.query(
    `INSERT INTO dead_orders (queue, msg_id, message, faults, last_fault, enqueued_at)
     VALUES ('gpu_reservations', 9001, '{}', 5, 'why', now()), ('gpu_reservations', 9002, '{}', 5, 'why', now())`,
  );
  const { dead_orders } = await asked("GET", "/v1/admin/dead-orders");
  await asked("POST", "/v1/admin/dead-orders/redrive", { ids: [dead_orders[0].dead_id] });
  await asked("POST", "/v1/admin/dead-orders/drop", { all: true });
  await asked("POST", "/v1/admin/duties/run", { name: "retention" });
  await owner.db.query(
    `INSERT INTO stray_pods (uid, pod_name, reservation_id, kind) VALUES ('u', 'p', 'j', 'unknown')`,
  );
  await asked("POST", "/v1/admin/orphans/remove", { pod_name: "p" });
  const bobs = (await asked("GET", "/v1/admin/users?username=bob-example.com")).users[0].user_id;
  await asked("GET", `/v1/admin/users/${bobs}/keys`);
  await asked("DELETE", `/v1/admin/users/${bobs}/keys/${other.slice(0, 13)}`);
  await asked("DELETE", `/v1/admin/users/${bobs}/keys`);
  await asked("POST", `/v1/admin/users/${bobs}/disable`, { cancel_jobs: true });
  await asked("POST", `/v1/admin/users/${bobs}/enable`);
  await asked("POST", "/v1/admin/quotas", { user_id: bobs, max_jobs: 5 });
  await asked("POST", "/v1/admin/quotas/check", { user_id: bobs, max_jobs: 5 });
  await asked("GET", "/v1/admin/quotas");
  await asked("POST", "/v1/admin/quotas/remove", { user_id: bobs });
  await asked("POST", "/v1/admin/cordons", { gpu_type: "h100", reason: "why" });
  await asked("GET", "/v1/admin/cordons");
  await asked("POST", "/v1/admin/cordons/lift", { gpu_type: "h100" });
  await asked("DELETE", `/v1/admin/users/${bobs}?username=bob-example.com`);
  const [{ key_prefix }] = (await asked("GET", "/v1/keys")).keys;
  await asked("DELETE", `/v1/keys/${key_prefix}`);
  assert.match(await jobs.metrics.registry.metrics(), /airlock_queue_messages\{queue="gpu_/);
  assert.equal((await jobs.ask("GET", "/readyz")).status, 200);
  await jobs.close();
  const refused = jobs.lines.filter((line) => line.includes("permission denied"));
  assert.deepEqual(refused, []);
  assert.equal(await countOf(owner.db, "auth_challenges"), 0, "nothing was forgotten");
});
