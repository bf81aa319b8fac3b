/**
 * What the first release asks the database, word for word: it is at work beside today's while a
 * deploy goes on, and the measure of today's submissions.
 */
import { randomUUID } from "node:crypto";
import { copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { Queryable } from "../src/index.ts";
import { type MigrateOptions, migrate } from "../src/migrate.ts";
import { type ConnectTarget, clientConfig } from "../src/target.ts";

const QUEUE = "gpu_reservations";
const CHANNEL = "airlock_queue";

const MIGRATIONS = new URL("../migrations/", import.meta.url).pathname;
const LAST_MIGRATION = "006_installed_components.sql";

/** Brings an empty database to the schema of the first release. */
export async function releasedMigrate(options: Omit<MigrateOptions, "folder">): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-released-"));
  try {
    const names = (await readdir(MIGRATIONS)).filter((name) => name.endsWith(".sql"));
    for (const name of names.filter((one) => one <= LAST_MIGRATION)) {
      await copyFile(join(MIGRATIONS, name), join(folder, name));
    }
    await migrate({ ...options, folder });
  } finally {
    await rm(folder, { recursive: true });
  }
}

export interface ReleasedStore {
  transaction(work: (db: Queryable) => Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

/** Its connections: limits are told when one is made, and each statement waits for the one before. */
export function openReleasedStore(target: ConnectTarget, connections: number): ReleasedStore {
  const pool = new pg.Pool({
    ...clientConfig(target),
    max: connections,
    statement_timeout: 60_000,
    query_timeout: 61_000,
    idle_in_transaction_session_timeout: 61_000,
  });
  return {
    async transaction(work) {
      const client = await pool.connect();
      try {
        await client.query("BEGIN");
        await work({
          query: (text, values) => client.query<never>(text, values && [...values]),
        });
        await client.query("COMMIT");
      } finally {
        client.release();
      }
    },
    close: () => pool.end(),
  };
}

interface ReleasedJob {
  readonly userId: number;
  readonly image: string;
  readonly instanceType: string;
  readonly durationHours: number;
  readonly command: string;
}

const FIND_TYPES = `
SELECT gpu_type, instance_type, max_gpus, max_per_node, cpus, memory_gb, total_cluster_gpus
FROM gpu_types WHERE is_active AND (gpu_type = $1 OR instance_type = $2)`;

const PICK_NAME = `
SELECT candidate
FROM unnest($1::text[]) WITH ORDINALITY AS names (candidate, place)
WHERE NOT EXISTS (
  SELECT FROM reservations
  WHERE namespace = 'gpu-dev' AND pod_name = candidate
    AND status IN ('queued', 'pending', 'preparing', 'creating_server', 'active')
)
ORDER BY place LIMIT 1`;

const INSERT = `
INSERT INTO reservations (
  reservation_id, user_id, status, name, image, command, gpu_type, gpu_count, instance_type,
  duration_hours, disk_name, disk_size_gb, github_user, jupyter_enabled, env_vars_sealed, pod_name,
  status_history
) VALUES (
  $1, $2::integer, 'queued', $3, $4, $5, $6, $7::integer, $8,
  $9::double precision, $10, $11::integer, $12, $13::boolean, $14::jsonb, $15,
  jsonb_build_array(jsonb_build_object('status', 'queued', 'at', to_char(
    now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
)
RETURNING created_at`;

const SEND = `
WITH sent AS (
  SELECT message_id FROM pgmq.send($1::text, $2::jsonb, $3::integer) AS message_id
)
SELECT message_id::text, pg_notify($4::text, $1::text) FROM sent`;

/** Run it in a transaction. @returns the job's id. */
export async function releasedSubmit(db: Queryable, job: ReleasedJob): Promise<string> {
  const { userId, image, instanceType, durationHours, command } = job;
  await db.query(FIND_TYPES, [null, instanceType]);
  const id = randomUUID();
  const name = `gpu-dev-${id.slice(0, 8)}`;
  await db.query(PICK_NAME, [[name, `gpu-dev-${id.slice(0, 13)}`, `gpu-dev-${id}`]]);
  const wanted = [id, userId, name, image, command, "h100", 1, instanceType, durationHours];
  const podName = `gpu-dev-${id}`;
  await db.query(INSERT, [...wanted, null, null, "", false, null, podName]);
  const at = new Date().toISOString();
  const message = {
    action: "create_reservation",
    ...{ job_id: id, reservation_id: id, user_id: "alice-example.com" },
    ...{ username: "alice-example.com", gpu_type: "h100", gpu_count: 1, github_user: "" },
    ...{ jupyter_enabled: false, name, version: "0.4.0", dockerimage: image },
    ...{ instance_type: instanceType, duration_hours: durationHours, disk_name: null },
    ...{ disk_size_gb: null, command, submitted_at: at, created_at: at, status: "queued" },
    _metadata: { retry_count: 0, created_at: at, max_retries: 3 },
  };
  await db.query(SEND, [QUEUE, JSON.stringify(message), 0, CHANNEL]);
  return id;
}

const COLUMNS = `
  reservation_id, user_id, username, status, name, image, command, gpu_type, gpu_count,
  instance_type, duration_hours, disk_name, disk_size_gb, github_user, reservations.created_at,
  updated_at, launched_at, expires_at, failed_at, cancelled_at, reservation_ended, failure_reason,
  current_detailed_status, status_history, namespace, pod_name, node_ip, node_port, fqdn,
  ssh_command, secondary_users, ebs_volume_id, extension_error, jupyter_enabled, jupyter_url,
  jupyter_port, jupyter_token_sealed, jupyter_error, pod_logs, warning, oom_count, last_oom_at,
  oom_container`;

const LIST = `
SELECT ${COLUMNS} FROM reservations JOIN api_users USING (user_id)
WHERE user_id = $1::integer
ORDER BY reservations.created_at DESC, reservation_id DESC LIMIT $2::integer`;

const FIND = `
SELECT ${COLUMNS} FROM reservations JOIN api_users USING (user_id)
WHERE user_id = $1::integer AND starts_with(reservation_id, $2)
ORDER BY reservation_id LIMIT 2`;

export interface ReleasedRow {
  readonly reservation_id: string;
  readonly status: string;
  readonly disk_name: string | null;
}

export const releasedList = async (
  db: Queryable,
  userId: number,
  limit: number,
): Promise<ReleasedRow[]> => (await db.query<ReleasedRow>(LIST, [userId, limit])).rows;

export const releasedFind = async (
  db: Queryable,
  userId: number,
  prefix: string,
): Promise<ReleasedRow | undefined> =>
  (await db.query<ReleasedRow>(FIND, [userId, prefix])).rows[0];

/** Its row stays as it is: a processor does the rest. @returns false for a job that is over. */
export async function releasedCancel(db: Queryable, userId: number, id: string): Promise<boolean> {
  const job = await releasedFind(db, userId, id);
  if (!job || !LIVE.has(job.status)) return false;
  const at = new Date().toISOString();
  const message = {
    ...{ action: "cancel", job_id: id, reservation_id: id, user_id: "alice-example.com" },
    ...{ username: "alice-example.com", requested_at: at },
    _metadata: { retry_count: 0, created_at: at, max_retries: 3 },
  };
  await db.query(SEND, [QUEUE, JSON.stringify(message), 0, CHANNEL]);
  return true;
}

const LIVE = new Set(["queued", "pending", "preparing", "creating_server", "active"]);

const LOCK_DISK = `
SELECT disk_id FROM disks JOIN api_users USING (user_id)
WHERE user_id = $1::integer AND disk_name = $2
FOR NO KEY UPDATE OF disks`;
const RENAME_DISK = "UPDATE disks SET disk_name = $2 WHERE disk_id = $1::uuid";

export async function releasedRename(
  db: Queryable,
  userId: number,
  name: string,
  newName: string,
): Promise<void> {
  const { rows } = await db.query<{ disk_id: string }>(LOCK_DISK, [userId, name]);
  await db.query(RENAME_DISK, [rows[0]?.disk_id, newName]);
}
