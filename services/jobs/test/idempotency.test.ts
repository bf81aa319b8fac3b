/** The same request sent twice, or a thousand times, is carried out once. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { CHANGES } from "./document.ts";
import { countOf, SEED_JOB, startJobs, startWorld } from "./harness.ts";

const world = await startWorld();
const database = await world.cluster.createDatabase();
const env = { ADMIN_SUBJECTS: "aws:111122223333:*:alice@example.com" };
const [one, other] = [
  await startJobs(world, database, { env }),
  await startJobs(world, database, { env }),
];
const key = await one.login();
const QUEUE = "pgmq.q_gpu_reservations";

const submit = (idempotencyKey: string, rig = one, body: object = SEED_JOB, as = key) =>
  rig.ask("POST", "/v1/jobs/submit", {
    key: as,
    body,
    headers: { "idempotency-key": idempotencyKey },
  });

test("a thousand at once on two replicas: one job, one message, one answer", async () => {
  const rigs = Array.from({ length: 1000 }, (_, i) => (i % 2 ? one : other));
  const answers = await Promise.all(rigs.map((rig) => submit("once", rig)));
  const bad = answers.find(({ status }) => status !== 200);
  assert.equal(bad, undefined, JSON.stringify(bad?.body));
  assert.equal(new Set(answers.map(({ body }) => JSON.stringify(body))).size, 1);
  assert.equal(await countOf(one.db, "reservations"), 1);
  assert.equal(await countOf(one.db, QUEUE), 1);
});

test("the same key with another body is 422", async () => {
  await submit("changed");
  const answer = await submit("changed", one, { ...SEED_JOB, duration_hours: 5 });
  assert.equal(answer.status, 422, JSON.stringify(answer.body));
  assert.equal(answer.body.code, "idempotency_key_reused");
});

test("each change honours the key as the document says, and refuses one of another request, job or disk", async () => {
  const headers = { "idempotency-key": "of another" };
  const hash = createHash("sha256").update(headers["idempotency-key"]).digest("hex");
  await one.login(KNOWN_SESSIONS.otherGpuUser);
  const { rows } = await one.db.query<{ id: number }>(
    "SELECT user_id AS id FROM api_users WHERE username = 'bob-example.com'",
  );
  /** Where the document's own are refused for other reasons. */
  const fitting: Readonly<Record<string, object>> = {
    "/v1/admin/quotas": { max_jobs: 100 },
    "/v1/admin/cordons": { gpu_type: "h100", reason: "why" },
  };
  const honoured: string[] = [];
  for (const { method, path, body: shown } of CHANGES) {
    const body = fitting[path] ?? shown;
    const route = `${method} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
    await one.db.query(
      `INSERT INTO idempotency_keys
       SELECT user_id, $1, $2, repeat('0', 64), 200, '{}', now(), now() + interval '1 hour' FROM api_users`,
      [route, hash],
    );
    const target = path.replace("{user_id}", String(rows[0]?.id)).replaceAll(/\{\w+\}/g, "1");
    const answer = await one.ask(method, `${target}?username=bob-example.com`, {
      key,
      headers,
      ...(body && { body }),
    });
    if (answer.body.code === "idempotency_key_reused") honoured.push(`${method} ${path}`);
    if (body === undefined) continue;
    const asText = { "content-type": "text/plain" };
    assert.equal((await one.ask(method, target, { key, body, headers: asText })).status, 415);
  }
  const told = CHANGES.filter(({ isRepeatable }) => isRepeatable);
  assert.deepEqual(
    told.map(({ method, path }) => `${method} ${path}`),
    honoured,
  );
  assert.ok(told.length > 25, String(told.length));
});

test("two users' keys have nothing to do with each other", async () => {
  const bob = await one.login(KNOWN_SESSIONS.otherGpuUser);
  const mine = await submit("shared");
  const theirs = await submit("shared", one, SEED_JOB, bob);
  assert.equal(theirs.status, 200);
  assert.notEqual(mine.body.job_id, theirs.body.job_id);
});

test("a request that failed may be sent again", async () => {
  const body = { ...SEED_JOB, instance_type: "p9.48xlarge" };
  assert.equal((await submit("later", one, body)).status, 422);
  await one.db.query(
    `INSERT INTO gpu_types (gpu_type, instance_type, max_gpus, max_per_node, cpus, memory_gb)
     VALUES ('x100', 'p9.48xlarge', 8, 8, 192, 2048)`,
  );
  assert.equal((await submit("later", one, body)).status, 200);
});

test("orders and disks have it too", async () => {
  const { job_id } = (await submit("target")).body;
  const headers = { "idempotency-key": "again" };
  for (const [path, body] of [
    [`/v1/jobs/${job_id}/extend`, { extension_hours: 1 }],
    [`/v1/jobs/${job_id}/cancel`, undefined],
    ["/v1/disks", { disk_name: "data" }],
  ] as const) {
    const send = () => one.ask("POST", path, { key, headers, ...(body && { body }) });
    const [first, second] = [await send(), await send()];
    assert.equal(first.status, 200, JSON.stringify(first.body));
    assert.deepEqual(second.body, first.body);
  }
  assert.equal(await countOf(one.db, "pgmq.q_disk_operations"), 1);
});

for (const [name, value] of [
  ["too long a key", "k".repeat(256)],
  ["an empty key", ""],
  ["a key that is not printable", "caf\u00e9"],
] as const) {
  test(`${name} is 400`, async () => {
    const { status, body } = await submit(value);
    assert.equal(status, 400, JSON.stringify(body));
    assert.equal(body.code, "invalid_idempotency_key");
  });
}
