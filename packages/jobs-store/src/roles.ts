/**
 * The roles of those who use the database, and what each may do in it. Whoever migrates owns the
 * tables; a service logs in as a member of its role, and so cannot drop or change one.
 */
import type { StoreLog } from "./log.ts";
import type { Queryable } from "./queryable.ts";
import { StoreError } from "./store-error.ts";

export const ROLES = ["airlock_api", "airlock_processor"] as const;
type Role = (typeof ROLES)[number];

/** Rights on a table, or on columns of it. */
type Rights = readonly string[];

const READ = ["SELECT"];
const ALL = ["SELECT", "INSERT", "UPDATE", "DELETE"];
const NONE: Rights = [];

/** What is in a pod is read by whoever makes the pod, and by nobody else. */
const EXCEPT_FOR_API = ["env_vars_sealed", "host_key_sealed"];
/** What cancelling and extending write; the rest of a job is the processor's to change. */
const MOVED_BY_API = [
  ...["status", "status_since", "status_history", "version", "cancelled_at", "reservation_ended"],
  ...["cleaned_at", "due_at", "lease_token", "lease_until", "extension_error"],
  ...["current_detailed_status", "jupyter_error", "add_user_error"],
];

const TABLES: { readonly [table: string]: { readonly [R in Role]: Rights } } = {
  api_users: {
    // whether they are shut out is for operators to say: no login changes it
    airlock_api: [
      "SELECT",
      "INSERT",
      "UPDATE (last_login_at, is_active, deleting_since, deleted_at)",
    ],
    // when nothing is left of what is erased
    airlock_processor: ["SELECT", "UPDATE (deleted_at)"],
  },
  api_keys: {
    airlock_api: ["SELECT", "INSERT", "UPDATE (revoked_at, last_used_at)", "DELETE"],
    // whether a tunnel may go on
    airlock_processor: ["SELECT (user_id, key_prefix, revoked_at)"],
  },
  auth_challenges: { airlock_api: ALL, airlock_processor: NONE },
  idempotency_keys: { airlock_api: ALL, airlock_processor: NONE },
  gpu_types: { airlock_api: READ, airlock_processor: READ },
  reservations: {
    airlock_api: ["SELECT (*)", "INSERT", `UPDATE (${MOVED_BY_API.join(", ")})`, "DELETE"],
    airlock_processor: ["SELECT", "UPDATE", "DELETE"],
  },
  job_events: { airlock_api: ["SELECT", "INSERT"], airlock_processor: ["SELECT", "INSERT"] },
  job_pods: { airlock_api: READ, airlock_processor: ALL },
  job_tasks: { airlock_api: READ, airlock_processor: ALL },
  nodes: { airlock_api: READ, airlock_processor: ALL },
  disks: {
    airlock_api: ["SELECT", "INSERT", "UPDATE (disk_name, marked_deleted_at, delete_date)"],
    airlock_processor: ["SELECT", "UPDATE", "DELETE"],
  },
  disk_operations: {
    airlock_api: ["SELECT", "INSERT", "DELETE"],
    airlock_processor: ["SELECT", "UPDATE", "DELETE"],
  },
  disk_snapshots: { airlock_api: READ, airlock_processor: ALL },
  // its own is to forget what is old; those of processors it calls for
  duties: { airlock_api: ["SELECT", "INSERT", "UPDATE"], airlock_processor: ALL },
  // set by operators, through the API
  quotas: { airlock_api: ALL, airlock_processor: READ },
  cordons: { airlock_api: ALL, airlock_processor: READ },
  // operators send dead orders again, or drop them
  order_faults: { airlock_api: ["SELECT", "DELETE"], airlock_processor: ALL },
  dead_orders: { airlock_api: ["SELECT", "DELETE"], airlock_processor: ALL },
  stray_pods: { airlock_api: ["SELECT", "UPDATE (wanted_gone_at)"], airlock_processor: ALL },
  schema_migrations: { airlock_api: READ, airlock_processor: READ },
  installed_components: { airlock_api: READ, airlock_processor: READ },
};

/** Of a queue: its messages, and its archive. */
const QUEUE_TABLES: { readonly [R in Role]: readonly [prefix: string, rights: Rights][] } = {
  airlock_api: [
    ["q", ["SELECT", "INSERT"]],
    ["a", ["SELECT", "DELETE"]],
  ],
  airlock_processor: [
    ["q", ALL],
    ["a", ["SELECT", "INSERT", "DELETE"]],
  ],
};

/**
 * Makes the roles where that is allowed, else tells the lines that whoever may has to run; gives
 * those that are there their rights. Rights are only added: the version before is at work still.
 *
 * @param queues by name.
 */
export async function grantRoles(
  db: Queryable,
  queues: readonly string[],
  log: StoreLog,
): Promise<void> {
  const refused: string[] = [];
  for (const role of ROLES) {
    const rights = await rightsOf(db, role, queues);
    // several statements in one message are one transaction
    const isMade = await allowed(() => makeRole(db, role));
    if (!isMade) refused.push(`CREATE ROLE ${role} NOLOGIN`);
    if (!isMade || !(await allowed(() => db.query(rights.join(";\n"))))) refused.push(...rights);
  }
  if (refused.length === 0) return;
  const lines = refused.map((line) => `${line};`);
  log.warn(
    { lines },
    "this login may not make roles or give rights: have somebody run these lines",
  );
}

const INSUFFICIENT_PRIVILEGE = "42501";
/** Another database of this server migrates as well. */
const MADE_MEANWHILE = ["42710", "23505"];

async function makeRole(db: Queryable, role: Role): Promise<void> {
  if ((await db.query("SELECT FROM pg_roles WHERE rolname = $1", [role])).rowCount) return;
  await db.query(`CREATE ROLE ${role} NOLOGIN`).catch((error: unknown) => {
    if (!MADE_MEANWHILE.includes(stateOf(error))) throw error;
  });
}

async function allowed(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (stateOf(error) === INSUFFICIENT_PRIVILEGE) return false;
    throw error;
  }
}

const stateOf = (error: unknown): string =>
  (error instanceof StoreError ? error.sqlState : undefined) ?? "";

async function rightsOf(db: Queryable, role: Role, queues: readonly string[]): Promise<string[]> {
  const shown = await columnsBut(db, "reservations", EXCEPT_FOR_API);
  const lines = [`GRANT USAGE ON SCHEMA public, pgmq TO ${role}`];
  const grant = (rights: Rights, table: string) => {
    if (rights.length === 0) return;
    const text = rights.join(", ").replace("(*)", `(${shown.join(", ")})`);
    lines.push(`GRANT ${text} ON ${table} TO ${role}`);
  };
  for (const [table, rights] of Object.entries(TABLES)) grant(rights[role], `public.${table}`);
  for (const queue of queues) {
    for (const [prefix, rights] of QUEUE_TABLES[role]) {
      grant(rights, `pgmq."${prefix}_${queue.toLowerCase()}"`);
    }
    // what PGMQ's metrics look at
    lines.push(`GRANT SELECT ON SEQUENCE pgmq."q_${queue.toLowerCase()}_msg_id_seq" TO ${role}`);
  }
  lines.push(`GRANT SELECT ON pgmq.meta TO ${role}`);
  return lines;
}

/** A column that a later migration adds is shown as the others are. */
async function columnsBut(
  db: Queryable,
  table: string,
  secrets: readonly string[],
): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT quote_ident(attname) AS name FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attname <> ALL ($2::text[])
     ORDER BY attnum`,
    [table, secrets],
  );
  return rows.map(({ name }) => name);
}
