/** A database as it is after a while: users, keys and jobs, so that no table fits on one page. */
import { createHash } from "node:crypto";
import type { Queryable } from "../../../packages/jobs-store/src/index.ts";
import { LOCAL_AWS } from "../../../packages/local-aws/src/known-identities.ts";

export const ROLE = "SSOCloudDevGpuReservation";
export const USERS = 10_000;
export const KEYS = 50_000;
export const JOBS = 20_000;
/** Jobs of the first user, beside their share of the others. */
export const JOBS_OF_READER = 500;

/** What the database knows of the n-th key, from 1 to KEYS. */
export const hashOfKey = (n: number): string => createHash("sha256").update(`${n}`).digest("hex");

export interface FillOptions {
  /** Of the first release, whose rows know less. */
  readonly isReleased?: boolean;
}

export async function fillDatabase(
  db: Queryable,
  { isReleased = false }: FillOptions = {},
): Promise<void> {
  const [names, values] = isReleased ? ["", ""] : [", cleaned_at, due_at", ", now(), NULL"];
  await db.query(
    `INSERT INTO api_users (username, aws_account, aws_role, aws_session)
     SELECT 'user-' || n, $1, $2, 'user-' || n FROM generate_series(1, $3::integer) n`,
    [LOCAL_AWS.accountId, ROLE, USERS],
  );
  await db.query(
    `INSERT INTO api_keys (user_id, key_hash, key_prefix, expires_at, login_expires_at)
     SELECT 1 + n % $1::integer, encode(sha256(n::text::bytea), 'hex'), n,
       now() + interval '1 day', now() + interval '1 day'
     FROM generate_series(1, $2::integer) n`,
    [USERS, KEYS],
  );
  await db.query(
    `INSERT INTO reservations (reservation_id, user_id, status, image, gpu_type, gpu_count,
       instance_type, duration_hours, pod_name, created_at, reservation_ended${names})
     SELECT gen_random_uuid(), CASE WHEN n > $2::integer THEN 1 ELSE 1 + n % $1::integer END,
       'expired', 'img', 'h100', 1, 'p5.48xlarge', 1, 'gpu-dev-' || n,
       now() - n * interval '1 minute', now()${values}
     FROM generate_series(1, $2::integer + $3::integer) n`,
    [USERS, JOBS, JOBS_OF_READER],
  );
  await db.query("ANALYZE");
}
