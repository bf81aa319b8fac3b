/** Keys, credentials and env_vars: where they must not be found. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { createSealer, parseSealingKeys } from "@airlock/jobs-store";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import { rawLogin, SEED_JOB, startJobs, startWorld } from "./harness.ts";

const world = await startWorld();
const database = await world.cluster.createDatabase();
const jobs = await startJobs(world, database);
const CANARY = "canary-value-of-a-variable";

test("after a day's work no secret is in a log, a queue, an archive or a table", async () => {
  const session = KNOWN_SESSIONS.gpuUser;
  const first = await jobs.login(session);
  const headers = { "idempotency-key": "canary-request" };
  const body = { ...SEED_JOB, env_vars: { HF_TOKEN: CANARY, GITHUB_USER: "octocat" } };
  const submitted = await jobs.ask("POST", "/v1/jobs/submit", { key: first, body, headers });
  assert.equal(submitted.status, 200, JSON.stringify(submitted.body));
  const key = (await jobs.ask("POST", "/v1/keys/rotate", { key: first })).body.api_key;
  const { job_id } = submitted.body;
  await jobs.ask("POST", `/v1/jobs/${job_id}/extend`, { key, body: { extension_hours: 1 } });
  // what goes wrong is told as well
  await jobs.ask("POST", "/v1/jobs/submit", { key, body: { ...body, duration_hours: 99 } });
  await jobs.ask("POST", "/v1/jobs/submit", {
    key,
    body: { ...body, env_vars: { LD_PRELOAD: CANARY } },
  });
  await jobs.ask("POST", "/v1/auth/aws-login", {
    body: { ...rawLogin(session), aws_session_token: "x" },
  });
  await jobs.ask("GET", "/v1/jobs", { key: `${key}x` });
  await jobs.db.query(
    "SELECT pgmq.archive('gpu_reservations'::text, (SELECT min(msg_id) FROM pgmq.q_gpu_reservations))",
  );
  const secrets = [CANARY, first, key, session.secretAccessKey, session.sessionToken];
  const where: Record<string, string> = { log: jobs.lines.join("\n") };
  for (const table of [
    ...["pgmq.q_gpu_reservations", "pgmq.a_gpu_reservations"],
    ...["reservations", "api_keys", "api_users", "idempotency_keys"],
  ]) {
    const { rows } = await jobs.db.query(`SELECT * FROM ${table}`);
    assert.ok(rows.length > 0, `${table} is empty`);
    where[table] = JSON.stringify(rows);
  }
  for (const [place, text] of Object.entries(where)) {
    for (const secret of secrets) assert.ok(!text.includes(secret), `${place}: ${secret}`);
  }
  assert.ok(where.log?.includes(session.arn), "the audit log is there");
});

test("what a job finds in its environment can be opened with the key, at its own place", async () => {
  const { rows } = await jobs.db.query<{ id: string; sealed: never }>(
    "SELECT reservation_id AS id, env_vars_sealed AS sealed FROM reservations",
  );
  const [row] = rows;
  assert.ok(row);
  const sealer = createSealer(parseSealingKeys(await readFile(world.keysFile, "utf8")));
  const place = { reservationId: row.id, column: "env_vars" } as const;
  // the orders among the variables are none
  assert.deepEqual(JSON.parse(sealer.open(place, row.sealed)), { HF_TOKEN: CANARY });
  assert.throws(() => sealer.open({ ...place, reservationId: "another-job" }, row.sealed));
  assert.throws(() => sealer.open({ ...place, column: "jupyter_token" }, row.sealed));
});

test("at each step of exchanging the key, every replica shows what any other one sealed", async () => {
  const lineOf = (id: string) => `${id}:${randomBytes(32).toString("base64")}`;
  const [old, next] = [lineOf("old"), lineOf("next")];
  const folder = await mkdtemp(path.join(tmpdir(), "airlock-keys-"));
  after(() => rm(folder, { recursive: true, force: true }));
  const files = await Promise.all(
    [[old], [old, next], [next, old]].map(async (lines, step) => {
      const file = path.join(folder, `step-${step}`);
      await writeFile(file, lines.join("\n"));
      return file;
    }),
  );
  // while a step is rolled out, pods of two steps serve side by side
  for (const pair of [files.slice(0, 2), files.slice(1)]) {
    const replicas = await Promise.all(
      pair.map((file) => startJobs(world, database, { env: { ENV_VARS_KEYS_FILE: file } })),
    );
    const key = await jobs.login();
    for (const [index, { ask }] of replicas.entries()) {
      const { job_id } = (await ask("POST", "/v1/jobs/submit", { key, body: SEED_JOB })).body;
      const sealer = createSealer(parseSealingKeys(await readFile(pair[index] ?? "", "utf8")));
      const sealed = sealer.seal({ reservationId: job_id, column: "jupyter_token" }, "shown");
      await jobs.db.query(
        "UPDATE reservations SET jupyter_token_sealed = $2 WHERE reservation_id = $1",
        [job_id, JSON.stringify(sealed)],
      );
      for (const replica of replicas) {
        const shown = await replica.ask("GET", `/v1/jobs/${job_id}`, { key });
        assert.equal(shown.body.jupyter_token, "shown", `${pair} ${index}`);
        // sameness is told by the same keys
        const again = await replica.ask("POST", "/v1/jobs/submit", {
          key,
          body: { ...SEED_JOB, env_vars: { ...SEED_JOB.env_vars, RESERVATION_ID: job_id } },
        });
        assert.equal(again.status, 200, JSON.stringify(again.body));
      }
    }
    await Promise.all(replicas.map((replica) => replica.close()));
  }
});

test("a job's Jupyter token is opened for its owner", async () => {
  const key = await jobs.login();
  const { job_id } = (await jobs.ask("POST", "/v1/jobs/submit", { key, body: SEED_JOB })).body;
  const sealer = createSealer(parseSealingKeys(await readFile(world.keysFile, "utf8")));
  const sealed = sealer.seal({ reservationId: job_id, column: "jupyter_token" }, "token-canary");
  await jobs.db.query(
    "UPDATE reservations SET jupyter_token_sealed = $2 WHERE reservation_id = $1",
    [job_id, JSON.stringify(sealed)],
  );
  const shown = await jobs.ask("GET", `/v1/jobs/${job_id}`, { key });
  assert.equal(shown.body.jupyter_token, "token-canary");
  assert.ok(!jobs.lines.join("").includes("token-canary"));
});
