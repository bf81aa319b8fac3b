/** A release that only adds to the schema, while the service of the one before is at work. */
import assert from "node:assert/strict";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { connectTarget } from "@airlock/jobs-store";
import { migrate } from "@airlock/jobs-store/migrate";
import { countOf, QUEUES, SEED_JOB, startJobs, startWorld } from "./harness.ts";

const RELEASED = fileURLToPath(new URL("../../../packages/jobs-store/migrations", import.meta.url));
const NEXT = `
ALTER TABLE reservations ADD COLUMN project varchar(63);
ALTER TABLE api_users ADD COLUMN quota_gpus integer DEFAULT 8;
CREATE INDEX reservations_project ON reservations (project) WHERE project IS NOT NULL;
CREATE TABLE job_notes (
  note_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  reservation_id varchar(64) COLLATE "C" NOT NULL REFERENCES reservations,
  what text NOT NULL
);`;
const silent = { info() {}, warn() {}, error() {} };

test("a migration under load fails no request", async () => {
  const world = await startWorld();
  const url = await world.cluster.createDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), "airlock-migrations-"));
  after(() => rm(folder, { recursive: true, force: true }));
  await cp(RELEASED, folder, { recursive: true });
  await writeFile(path.join(folder, "999_next.sql"), NEXT);

  const jobs = await startJobs(world, url);
  const key = await jobs.login();
  const statuses: number[] = [];
  let isOver = false;
  const send = async () => {
    while (!isOver) {
      const submitted = await jobs.ask("POST", "/v1/jobs/submit", { key, body: SEED_JOB });
      const shown = await jobs.ask("GET", `/v1/jobs/${submitted.body.job_id}`, { key });
      statuses.push(submitted.status, shown.status);
    }
  };
  const senders = Array.from({ length: 4 }, send);
  const until = async (count: number) => {
    while (statuses.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await until(50);
  const names = await migrate({ ...connectTarget(url), queues: QUEUES, log: silent, folder });
  await until(statuses.length + 50);
  isOver = true;
  await Promise.all(senders);
  assert.deepEqual(names, ["999_next"]);
  assert.deepEqual(new Set(statuses), new Set([200]));
  assert.equal(await countOf(jobs.db, "reservations"), statuses.length / 2);
  assert.equal((await jobs.ask("GET", "/readyz")).status, 200);
});
