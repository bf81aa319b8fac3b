/** Users with keys, put straight into the database: a thousand logins would measure STS. */
import { newApiKey } from "@airlock/identity";
import type { Queryable } from "@airlock/jobs-store";
import { LOCAL_AWS } from "@airlock/local-aws";

export interface Person {
  readonly userId: number;
  readonly username: string;
  readonly keys: readonly string[];
}

const ROLE = "SSOCloudDevGpuReservation";

/** Makes users `user-<n>`, each with that many keys that work for an hour. */
export async function addPeople(
  db: Queryable,
  count: number,
  keysOfEach = 1,
): Promise<readonly Person[]> {
  const { rows } = await db.query<{ user_id: number; username: string }>(
    `INSERT INTO api_users (username, aws_account, aws_role, aws_session)
     SELECT 'user-' || n, $1, $2, 'user-' || n FROM generate_series(1, $3::integer) n
     RETURNING user_id, username`,
    [LOCAL_AWS.accountId, ROLE, count],
  );
  const made = rows.flatMap(({ user_id: userId }) =>
    Array.from({ length: keysOfEach }, () => ({ userId, ...newApiKey() })),
  );
  await db.query(
    `INSERT INTO api_keys (user_id, key_hash, key_prefix, expires_at, login_expires_at)
     SELECT user_id, key_hash, key_prefix, now() + interval '1 hour', now() + interval '1 hour'
     FROM unnest($1::integer[], $2::text[], $3::text[]) AS made (user_id, key_hash, key_prefix)`,
    [
      made.map(({ userId }) => userId),
      made.map(({ hash }) => hash),
      made.map(({ prefix }) => prefix),
    ],
  );
  return rows.map(({ user_id: userId, username }, index) => ({
    userId,
    username,
    keys: made.slice(index * keysOfEach, (index + 1) * keysOfEach).map(({ key }) => key),
  }));
}

/** Any one of them; for scenarios that need no particular one. */
export async function addPerson(db: Queryable): Promise<{ readonly key: string } & Person> {
  const [person] = await addPeople(db, 1);
  const key = person?.keys[0];
  if (!person || key === undefined) throw new Error("no user was made");
  return { ...person, key };
}
