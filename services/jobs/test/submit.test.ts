/** What a submission may hold, and what becomes of its ids and GPUs. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createSealer, moveJob, parseSealingKeys } from "@airlock/jobs-store";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { createRememberedChoices } from "../src/jobs/remembered-choices.ts";
import { activate, countOf, type JobsRig, SEED_JOB, startJobs, startWorld } from "./harness.ts";

const world = await startWorld();
const database = await world.cluster.createDatabase();
const jobs = await startJobs(world, database);
const alice = await jobs.login();
const bob = await jobs.login(KNOWN_SESSIONS.otherGpuUser);
const QUEUE = "pgmq.q_gpu_reservations";
const DISK_QUEUE = "pgmq.q_disk_operations";
const ED25519 =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBXEsTbfUvnnmqET6aF6i/3K8Qrtxu8VfjzQFFP3Gcob alice@laptop";
const NISTP256 =
  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCyF24ClpwfAlQ9AXaaWIaWXtfhBKs5F/ZNBZ4Z0szqV/9jWNIkjUi/JENlKItRq0rG7kvSaHiyILzx7WB0ketQ= ec 256";

const submit = (changes: object, key = alice) =>
  jobs.ask("POST", "/v1/jobs/submit", { key, body: { ...SEED_JOB, ...changes } });
const show = async (id: string) => (await jobs.ask("GET", `/v1/jobs/${id}`, { key: alice })).body;

/** As the client of the seed sends them. */
const controls = (changes: Record<string, string> = {}) => ({
  GPU_TYPE: "h100",
  GPU_COUNT: "1",
  RESERVATION_ID: randomUUID(),
  USER_ID: "alice",
  GITHUB_USER: "octocat",
  POD_NAME: "demo",
  ...changes,
});

test("the client's orders among the variables become the job's", async () => {
  const env_vars = controls({ GPU_TYPE: "H100", GPU_COUNT: "8", JUPYTER_ENABLED: "true" });
  const submitted = await submit({ env_vars });
  assert.equal(submitted.status, 200, JSON.stringify(submitted.body));
  assert.equal(submitted.body.job_id, env_vars.RESERVATION_ID);
  const job = await show(env_vars.RESERVATION_ID);
  assert.equal(job.gpu_count, 8);
  assert.equal(job.jupyter_enabled, true);
  assert.equal(job.github_user, "octocat");
  assert.equal(job.name, "demo");
});

test("what was offered to one is asked for again a second later; nothing is remembered where there are quotas", () => {
  let nowMs = 0;
  const choices = createRememberedChoices(() => nowMs);
  const wish = { instanceType: "p5.48xlarge", gpuType: undefined, gpuCount: 1 };
  const choice = {
    gpuType: "h100",
    gpuCount: 1,
    instanceType: "p5.48xlarge",
    hasQuotas: false,
  };
  choices.keep(wish, choice);
  nowMs = 999;
  assert.equal(choices.find(wish), choice);
  assert.equal(choices.find({ ...wish, gpuCount: 2 }), undefined);
  // who is remembered again is not for longer
  choices.keep(wish, choice);
  nowMs = 1000;
  assert.equal(choices.find(wish), undefined);
  choices.keep(wish, { ...choice, hasQuotas: true });
  assert.equal(choices.find(wish), undefined);
});

test("what is withdrawn, made smaller or limited is so for the next submission, whatever the last one was told", async () => {
  const { db } = jobs;
  const one = { instance_type: "g6.12xlarge", env_vars: { GPU_COUNT: "4" } };
  for (const [change, back, code] of [
    [
      "UPDATE gpu_types SET is_active = false WHERE gpu_type = 'l4'",
      "is_active = true",
      "gpu_type_unknown",
    ],
    ["UPDATE gpu_types SET max_gpus = 2 WHERE gpu_type = 'l4'", "max_gpus = 4", "invalid_body"],
    ["INSERT INTO quotas (gpu_type, max_gpus) VALUES ('l4', 0)", undefined, "quota_exceeded"],
  ] as const) {
    for (let n = 0; n < 3; n++) assert.equal((await submit(one)).status, 200);
    const before = await countOf(db, "reservations");
    await db.query(change);
    const refused = await submit(one);
    assert.equal(refused.body.code, code, JSON.stringify(refused.body));
    assert.equal(await countOf(db, "reservations"), before);
    await db.query(
      back ? `UPDATE gpu_types SET ${back} WHERE gpu_type = 'l4'` : "DELETE FROM quotas",
    );
  }
  assert.equal((await submit(one)).status, 200);
});

test("orders go on with the trace of their request, where the queues have headers", async () => {
  const parentOf = (digit: string) => `00-${digit.repeat(32)}-b7ad6b7169203331-01`;
  const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(parentOf);
  const url = await world.cluster.createDatabase();
  const before = await startJobs(world, url);
  const { db } = before;
  const sent = async (rig: JobsRig, key: string) => {
    const lastOf = async (queue: string) =>
      (
        await db.query<{ id: number }>(
          `SELECT coalesce(max(msg_id), 0)::integer AS id FROM ${queue}`,
        )
      ).rows[0]?.id;
    const [jobsSoFar, disksSoFar] = [await lastOf(QUEUE), await lastOf(DISK_QUEUE)];
    const ask = async (path: string, traceparent = "", body: object = {}, more: object = {}) => {
      const answer = await rig.ask("POST", path, { key, body, headers: { traceparent, ...more } });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return answer.body;
    };
    const { job_id } = await ask("/v1/jobs/submit", a, SEED_JOB);
    // the second one is answered by the first one's order
    const again = { "idempotency-key": randomUUID() };
    await ask("/v1/jobs/submit", b, SEED_JOB, again);
    await ask("/v1/jobs/submit", c, SEED_JOB, again);
    await ask(`/v1/jobs/${job_id}/jupyter/enable`, d);
    await ask("/v1/jobs/submit", "no trace", SEED_JOB);
    await ask("/v1/disks", e, { disk_name: `disk-${randomUUID()}` });
    const { rows } = await db.query<{ headers: { traceparent: string } | null }>(
      `SELECT headers FROM (
        SELECT to_jsonb(q) -> 'headers' AS headers, 1 AS nr, msg_id FROM ${QUEUE} q WHERE msg_id > $1
        UNION ALL SELECT to_jsonb(q) -> 'headers', 2, msg_id FROM ${DISK_QUEUE} q WHERE msg_id > $2
      ) AS sent ORDER BY nr, msg_id`,
      [jobsSoFar, disksSoFar],
    );
    return rows.map(({ headers }) => headers?.traceparent);
  };
  const none = Array.from({ length: 5 }, () => undefined);
  for (const queue of [QUEUE, DISK_QUEUE]) {
    await db.query(`ALTER TABLE ${queue} DROP COLUMN headers`);
  }
  const key = await before.login();
  assert.deepEqual(await sent(before, key), none);
  // as an upgrade of PGMQ does
  for (const queue of [QUEUE, DISK_QUEUE]) {
    await db.query(`ALTER TABLE ${queue} ADD COLUMN headers jsonb`);
  }
  assert.deepEqual(await sent(before, key), none);
  const [ofA, ofB, ofD, ofNone, ofE] = await sent(await startJobs(world, url), key);
  assert.deepEqual([ofA, ofB, ofD, ofE], [a, b, d, e]);
  assert.match(ofNone ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/);
});

test("machines without GPUs take none", async () => {
  const { body } = await submit({ instance_type: "c7i.8xlarge", env_vars: {} });
  assert.equal((await show(body.job_id)).gpu_count, 0);
});

for (const [name, changes, code] of [
  ["an unknown instance type", { instance_type: "x1.32xlarge" }, "gpu_type_unknown"],
  ["an unknown GPU type", { env_vars: { GPU_TYPE: "tpu" } }, "gpu_type_unknown"],
  ["types that contradict", { env_vars: { GPU_TYPE: "a100" } }, "gpu_type_mismatch"],
  [
    "GPUs on a machine without",
    { instance_type: "c7g.8xlarge", env_vars: { GPU_COUNT: "1" } },
    "invalid_body",
  ],
  ["more GPUs than there are", { env_vars: { GPU_COUNT: "16" } }, "invalid_body"],
  ["half a GPU", { env_vars: { GPU_COUNT: "0.5" } }, "invalid_body"],
  ["no GPU on a machine that has them", { env_vars: { GPU_COUNT: "0" } }, "invalid_body"],
  ["a number that is no text", { env_vars: { GPU_COUNT: 1 } }, "invalid_body"],
  ["Jupyter perhaps", { env_vars: { JUPYTER_ENABLED: "yes" } }, "invalid_body"],
  ["an id that is a path", { env_vars: { RESERVATION_ID: "../../etc/passwd" } }, "invalid_body"],
  ["an id of wildcards", { env_vars: { RESERVATION_ID: "%%%%%%%%%%%%" } }, "invalid_body"],
  ["a GitHub name with a command", { env_vars: { GITHUB_USER: "a;reboot" } }, "invalid_body"],
  ["a preloaded library", { env_vars: { LD_PRELOAD: "/tmp/x.so" } }, "invalid_body"],
  ["another PATH", { env_vars: { PATH: "/tmp" } }, "invalid_body"],
  ["AWS credentials", { env_vars: { AWS_SECRET_ACCESS_KEY: "x" } }, "invalid_body"],
  ["a name that is none", { env_vars: { "A-B": "x" } }, "invalid_body"],
  ["a NUL in a value", { env_vars: { A: "a\0b" } }, "invalid_body"],
  ["a NUL in the command", { command: "a\0b" }, "invalid_body"],
  [
    "too many variables",
    { env_vars: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`V${i}`, ""])) },
    "invalid_body",
  ],
  ["too large a value", { env_vars: { A: "x".repeat(32_768) } }, "invalid_body"],
  ["no hours", { duration_hours: 0 }, "invalid_body"],
  ["too many hours", { duration_hours: 73 }, "invalid_body"],
  ["four minutes", { duration_hours: 4 / 60 }, "invalid_body"],
  ["a bit more than all hours", { duration_hours: 72.01 }, "invalid_body"],
  ["neither type of machine", { instance_type: undefined, env_vars: {} }, "invalid_body"],
  ["no image where there is no default", { image: undefined }, "invalid_body"],
  ["a name of two lines", { env_vars: { POD_NAME: "a\nb" } }, "invalid_body"],
  ["a name that turns its line around", { env_vars: { POD_NAME: "a\u202eb" } }, "invalid_body"],
  ["too long a name", { env_vars: { POD_NAME: "\u{1f600}".repeat(256) } }, "invalid_body"],
  ["a small disk", { disk_size_gb: 9 }, "invalid_body"],
  ["an image that is an option", { image: "--privileged" }, "invalid_body"],
] as const) {
  test(`${name}: 422, and nothing is written`, async () => {
    const before = [await countOf(jobs.db, "reservations"), await countOf(jobs.db, QUEUE)];
    const { status, body } = await submit(changes);
    assert.equal(status, 422, JSON.stringify(body));
    assert.equal(body.code, code);
    assert.equal(typeof body.detail, "string");
    assert.deepEqual(
      [await countOf(jobs.db, "reservations"), await countOf(jobs.db, QUEUE)],
      before,
    );
  });
}

for (const name of [
  "multi - Node 1/2",
  "\u00e9t\u00e9 \u2014 \u8bad\u7ec3 \u{1f9ea}",
  " a, b & c: (d) [e] {f} <g> 'h' \"i\" \\ % _ * ? ! ",
  "\u{1f600}".repeat(255),
  "../../etc/passwd",
]) {
  test(`a job may be called ${name.slice(0, 30)}, and is to the byte`, async () => {
    const command = ` printf '%s' "${name}" # \r\n\t`;
    const env_vars = { ...controls({ POD_NAME: name }), TEXT: `${name}\n\u0001\u202e` };
    const { status, body } = await submit({ env_vars, command });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal((await show(body.job_id)).name, name);
    const { rows } = await jobs.db.query<{ command: string; sealed: never }>(
      "SELECT command, env_vars_sealed AS sealed FROM reservations WHERE reservation_id = $1",
      [body.job_id],
    );
    assert.equal(rows[0]?.command, command);
    const sealer = createSealer(parseSealingKeys(readFileSync(world.keysFile, "utf8")));
    const place = { reservationId: body.job_id, column: "env_vars" } as const;
    const opened = JSON.parse(sealer.open(place, rows[0]?.sealed as never));
    assert.equal(opened.TEXT, env_vars.TEXT);
  });
}

test("without a name a job is called like its pod", async () => {
  const { body } = await submit({ env_vars: controls({ POD_NAME: "" }) });
  assert.match((await show(body.job_id)).name, /^gpu-dev-/);
});

test("the GPU type alone says which machines", async () => {
  const env_vars = { GPU_TYPE: "T4-small" };
  const { status, body } = await submit({ instance_type: undefined, env_vars });
  assert.equal(status, 200, JSON.stringify(body));
  const job = await show(body.job_id);
  assert.deepEqual(
    [job.gpu_type, job.instance_type, job.gpu_count],
    ["t4-small", "g4dn.2xlarge", 1],
  );
});

test("a job takes as many GPUs as its machine has, and no more", async () => {
  for (const [count, status] of [
    ["3", 200],
    ["8", 200],
    ["9", 422],
  ] as const) {
    const answer = await submit({ env_vars: { GPU_COUNT: count } });
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    if (status === 422) assert.match(answer.body.detail, /env_vars\.GPU_COUNT: h100 takes 1 to 8/);
  }
});

test("a job that names no image has the installation's", async () => {
  const image = "registry.example.com:5000/team/box:1.2";
  const own = await startJobs(world, database, { env: { DEFAULT_IMAGE: image } });
  const key = await own.login();
  const body = { env_vars: { GPU_TYPE: "h100" } };
  const submitted = await own.ask("POST", "/v1/jobs/submit", { key, body });
  assert.equal(submitted.status, 200, JSON.stringify(submitted.body));
  const shown = await own.ask("GET", `/v1/jobs/${submitted.body.job_id}`, { key });
  assert.equal(shown.body.image, image);
  await own.close();
});

test("hours may be fractions, from five minutes", async () => {
  for (const hours of [0.0833, 5 / 60, 0.5, 71.9, 72]) {
    const { status, body } = await submit({ duration_hours: hours });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal((await show(body.job_id)).duration_hours, hours);
  }
});

test("submit and extend know one limit of hours, counted from the launch", async () => {
  const extend = (id: string, extension_hours: number) =>
    jobs.ask("POST", `/v1/jobs/${id}/extend`, { key: alice, body: { extension_hours } });
  const { job_id } = (await submit({ duration_hours: 70 })).body;
  assert.equal((await extend(job_id, 2)).status, 200);
  const over = await extend(job_id, 2.5);
  assert.equal(over.status, 422, JSON.stringify(over.body));
  assert.match(over.body.detail, /^extension_hours: a job may run 72 hours .*; 2 are left/);
  // launched ten hours ago, it ends twenty from now: 42 are left
  await jobs.db.query(
    `UPDATE reservations SET status = 'active', launched_at = now() - interval '10 hours',
       expires_at = now() + interval '20 hours' WHERE reservation_id = $1`,
    [job_id],
  );
  assert.equal((await extend(job_id, 42)).status, 200);
  assert.equal((await extend(job_id, 42.1)).status, 422);
  const short = await startJobs(world, database, { env: { MAX_JOB_HOURS: "24" } });
  const key = await short.login();
  const body = { ...SEED_JOB, duration_hours: 25 };
  const refused = await short.ask("POST", "/v1/jobs/submit", { key, body });
  assert.equal(refused.status, 422);
  assert.match(refused.body.detail, /duration_hours: a job may run 24 hours here/);
  await short.close();
});

test("a job lets in whoever it names, and says so where it names nobody", async () => {
  const nobody = await submit({ env_vars: {} });
  assert.match(
    nobody.body.message,
    /\)\. Nobody can log in to it: it has neither GITHUB_USER nor /,
  );
  const byName = await submit({ env_vars: { GITHUB_USER: "octocat" } });
  assert.match(byName.body.message, /\(message ID: \d+\)$/);
  const ssh_public_keys = [ED25519, NISTP256];
  const byKeys = await submit({ env_vars: {}, ssh_public_keys: [`${ED25519}\n`, NISTP256] });
  assert.match(byKeys.body.message, /\(message ID: \d+\)$/);
  const { rows } = await jobs.db.query(
    "SELECT ssh_public_keys FROM reservations WHERE reservation_id = $1",
    [byKeys.body.job_id],
  );
  assert.deepEqual(rows, [{ ssh_public_keys }]);
});

for (const [name, ssh_public_keys, words] of [
  [
    "options before a key",
    [ED25519, `command="reboot" ${ED25519}`],
    /^ssh_public_keys\[1\]: is no SSH public key/,
  ],
  ["two keys in one", [`${ED25519}\n${NISTP256}`], /^ssh_public_keys\[0\]: /],
  ["eleven keys", Array.from({ length: 11 }, () => ED25519), /^ssh_public_keys: /],
  ["a key that is no text", [5], /^ssh_public_keys\[0\]: /],
  ["keys that are no list", ED25519, /^ssh_public_keys: /],
] as const) {
  test(`${name}: 422 by its place`, async () => {
    const { status, body } = await submit({ ssh_public_keys });
    assert.equal(status, 422, JSON.stringify(body));
    assert.match(body.detail, words);
  });
}

test("the same id with other variables or other keys is another job, and refused", async () => {
  const env_vars = controls();
  const first = { env_vars: { ...env_vars, HF_TOKEN: "one" }, ssh_public_keys: [ED25519] };
  assert.equal((await submit(first)).status, 200);
  assert.equal((await submit(first)).status, 200);
  for (const changes of [
    { env_vars: { ...env_vars, HF_TOKEN: "two" } },
    { env_vars },
    { ssh_public_keys: [NISTP256] },
    { ssh_public_keys: undefined },
    { env_vars: { ...env_vars, HF_TOKEN: "one", JUPYTER_ENABLED: "true" } },
  ]) {
    const other = await submit({ ...first, ...changes });
    assert.equal(other.status, 409, JSON.stringify(changes));
    assert.equal(other.body.code, "job_id_taken");
  }
});

test("an earlier extension's error is gone with the next request", async () => {
  const { job_id } = (await submit({})).body;
  const failed = "UPDATE reservations SET extension_error = 'no room' WHERE reservation_id = $1";
  await jobs.db.query(failed, [job_id]);
  assert.equal((await show(job_id)).extension_error, "no room");
  const body = { extension_hours: 1 };
  await jobs.ask("POST", `/v1/jobs/${job_id}/extend`, { key: alice, body });
  assert.equal("extension_error" in (await show(job_id)), false);
});

test("a problem names the variable and never its value", async () => {
  const { body } = await submit({ env_vars: { LD_PRELOAD: "canary-value" } });
  assert.match(body.detail, /env_vars\.LD_PRELOAD/);
  assert.ok(!body.detail.includes("canary"));
});

test("the same id and job again is the same job; another job under it is refused", async () => {
  const env_vars = controls();
  const first = await submit({ env_vars });
  const before = await countOf(jobs.db, QUEUE);
  const again = await submit({ env_vars });
  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.equal(again.body.job_id, first.body.job_id);
  assert.equal(await countOf(jobs.db, QUEUE), before);
  const other = await submit({ env_vars, duration_hours: 5 });
  assert.equal(other.status, 409);
  assert.equal(other.body.code, "job_id_taken");
});

test("a foreign id cannot be taken over", async () => {
  const env_vars = controls();
  await submit({ env_vars });
  const stolen = await submit({ env_vars: { ...env_vars, GITHUB_USER: "mallory" } }, bob);
  assert.equal(stolen.status, 409);
  assert.equal(stolen.body.code, "job_id_taken");
  assert.equal((await show(env_vars.RESERVATION_ID)).github_user, "octocat");
});

test("ids that begin alike get pods of their own", async () => {
  const start = randomUUID().slice(0, 8);
  const ids = ["-aaaa-1", "-aaaa-2", "-bbbb-3"].map((end) => start + end);
  await Promise.all(ids.map((id) => submit({ env_vars: controls({ RESERVATION_ID: id }) })));
  const pods = await Promise.all(ids.map(async (id) => (await show(id)).pod_name));
  assert.equal(new Set(pods).size, 3, pods.join());
  for (const pod of pods) assert.ok(pod.startsWith(`gpu-dev-${start}-`), pod);
  const ambiguous = await jobs.ask("POST", `/v1/jobs/${start}/cancel`, { key: alice });
  assert.equal(ambiguous.status, 409);
  assert.equal(ambiguous.body.code, "job_id_ambiguous");
});

test("the order names the job and repeats nothing of it", async () => {
  const env_vars = controls();
  await submit({ env_vars: { ...env_vars, HF_TOKEN: "hidden" } });
  const { rows } = await jobs.db.query<{ message: Record<string, unknown> }>(
    `SELECT message FROM ${QUEUE} WHERE message->>'job_id' = $1`,
    [env_vars.RESERVATION_ID],
  );
  const { order_id, ...order } = rows[0]?.message ?? {};
  assert.match(String(order_id), /^[0-9a-f-]{36}$/);
  const job_id = env_vars.RESERVATION_ID;
  assert.deepEqual(order, { v: 1, action: "create", job_id, arguments: {} });
});

test("the same id with other variables is another job", async () => {
  const env_vars = { ...controls(), HF_TOKEN: "one", WANDB_MODE: "off" };
  assert.equal((await submit({ env_vars })).status, 200);
  const { WANDB_MODE, HF_TOKEN, ...orders } = env_vars;
  assert.equal((await submit({ env_vars: { ...orders, WANDB_MODE, HF_TOKEN } })).status, 200);
  for (const other of [{ ...env_vars, HF_TOKEN: "two" }, orders, { ...env_vars, MORE: "" }]) {
    const { status, body } = await submit({ env_vars: other });
    assert.deepEqual([status, body.code], [409, "job_id_taken"]);
  }
  const { rows } = await jobs.db.query<{ wanted: string }>(
    "SELECT wanted_fingerprint AS wanted FROM reservations WHERE reservation_id = $1",
    [env_vars.RESERVATION_ID],
  );
  assert.match(rows[0]?.wanted ?? "", /^k1:[0-9a-f]{64}$/);
});

test("what has ended takes no orders, and what is ending none but its end", async () => {
  const { job_id } = (await submit({})).body;
  await activate(jobs.db, job_id);
  const event = { kind: "cancel_requested", actor: "user" } as const;
  const set = { endAs: "cancelled" } as const;
  await moveJob(jobs.db, { reservationId: job_id, from: ["active"], set, event });
  const ask = (path: string, asked?: object) =>
    jobs.ask("POST", `/v1/jobs/${job_id}/${path}`, { key: alice, ...(asked && { body: asked }) });
  for (const [path, asked] of [
    ["extend", { extension_hours: 1 }],
    ["users", { github_username: "octocat" }],
    ["jupyter/enable", undefined],
  ] as const) {
    const answer = await ask(path, asked);
    assert.deepEqual([answer.status, answer.body.code], [409, "job_ended"], path);
  }
  assert.equal((await ask("cancel")).status, 200);
  await moveJob(jobs.db, {
    reservationId: job_id,
    from: ["active"],
    to: "expired",
    event: { kind: "expired", actor: "processor" },
  });
  const { status, body } = await jobs.ask("POST", `/v1/jobs/${job_id}/cancel`, { key: alice });
  assert.equal(status, 409);
  assert.equal(body.code, "job_ended");
});
