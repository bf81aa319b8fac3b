/** The settings of the database, shared by whoever opens it. */
import { type EnvironmentName, integer, port, type Rule, withRules, word } from "@airlock/config";
import * as z from "zod";
import type { OrderRules } from "./placement/index.ts";
import type { StoreOptions } from "./store.ts";
import { type ConnectTarget, connectTarget, databaseUrl, SSL_MODES } from "./target.ts";

/** PGMQ makes a table of the name, with a prefix of two characters, and cuts nothing off. */
const queueName = () =>
  z.string().regex(/^[a-zA-Z0-9_]{1,47}$/, {
    error: "must be 1 to 47 letters, digits or underscores",
  });

const days = (usual: number) => integer(0, 3650).default(usual);

export const storeSettings = {
  DATABASE_URL: z
    .string()
    .refine(isDatabaseUrl, {
      error: `must be postgresql://user:password@host:port/name, with sslmode ${SSL_MODES.join(", ")} or without`,
    })
    .optional()
    .describe("Where Postgres is. Unset means the POSTGRES_ settings say so."),
  POSTGRES_HOST: z
    .string()
    .regex(/^[A-Za-z0-9._:[\]-]+$/, { error: "must be a host name or an address" })
    .default("postgres-primary.gpu-controlplane.svc.cluster.local")
    .describe("Without DATABASE_URL: the server."),
  POSTGRES_PORT: port().default(5432).describe("Without DATABASE_URL: its port."),
  POSTGRES_USER: z.string().default("gpudev").describe("Without DATABASE_URL: the user."),
  POSTGRES_PASSWORD: z.string().optional().describe("Without DATABASE_URL: the password."),
  POSTGRES_DB: z.string().default("gpudev").describe("Without DATABASE_URL: the database."),
  DATABASE_SSLMODE: word(SSL_MODES)
    .optional()
    .describe(
      "disable, require or verify-full; overrides sslmode in DATABASE_URL. qa and prod need verify-full.",
    ),
  DATABASE_CA_FILE: z
    .string()
    .optional()
    .describe("CA certificates (PEM) for verify-full; overrides sslrootcert in DATABASE_URL."),
  DATABASE_POOL_MIN: integer(0, 100)
    .default(2)
    .describe("Connections that are kept open when nothing happens."),
  DATABASE_POOL_MAX: integer(1, 1000).default(10).describe("Connections at most."),
  DATABASE_CONNECT_TIMEOUT_MS: integer(100, 60_000)
    .default(2000)
    .describe("Wait for a free connection, and for a new one to be made."),
  DATABASE_STATEMENT_TIMEOUT_MS: integer(100, 600_000)
    .default(3000)
    .describe("Longest time that one statement may take."),
  DATABASE_LOCK_TIMEOUT_MS: integer(10, 600_000)
    .default(1000)
    .describe("Longest wait for a row that somebody else keeps."),
  KEEP_KEYS_DAYS: days(7).describe("Days that an API key is kept after it ended."),
  KEEP_ORDERS_DAYS: days(7).describe("Days that an order is kept after it was carried out."),
  KEEP_JOBS_DAYS: days(90).describe(
    "Days that a job is kept after it was over, and a change of a disk.",
  ),
  QUEUE_NAME: queueName().default("gpu_reservations").describe("Queue of jobs."),
  DISK_QUEUE_NAME: queueName().default("disk_operations").describe("Queue of disk operations."),
};

/** For jobs and its processor alike: whoever tells goes by the same as whoever places. */
export const placementSettings = {
  QUEUE_ORDER: word(["fair", "fifo"])
    .default("fair")
    .describe(
      "fair: jobs that wait go by the GPUs of their type that their owner holds and has waited for before them, then by time; fifo: by time alone. The same for jobs and processor.",
    ),
  MAX_WAIT_HOURS: integer(1, 8760)
    .default(24)
    .describe(
      "Whoever has waited longer goes first, by time alone. The same for jobs and processor.",
    ),
};

const placementSchema = z.object(placementSettings);
type PlacementSettings = Readonly<z.infer<typeof placementSchema>>;

export const orderRulesOf = ({ QUEUE_ORDER, MAX_WAIT_HOURS }: PlacementSettings): OrderRules => ({
  order: QUEUE_ORDER,
  maxWaitHours: MAX_WAIT_HOURS,
});

const schema = z.object(storeSettings);
export type StoreSettings = Readonly<z.infer<typeof schema>>;
type Fields = Partial<StoreSettings> & { readonly ENVIRONMENT?: EnvironmentName };

const RULES: readonly Rule<Fields>[] = [
  {
    key: "DATABASE_URL",
    message: "is required, or POSTGRES_PASSWORD with the other POSTGRES_ settings",
    isBroken: (s) => s.DATABASE_URL === undefined && s.POSTGRES_PASSWORD === undefined,
  },
  {
    key: "DATABASE_SSLMODE",
    message: "must be verify-full outside dev",
    isBroken: (s) => s.ENVIRONMENT !== "dev" && sslOf(s).mode !== "verify-full",
  },
  {
    key: "DATABASE_CA_FILE",
    message: "is needed outside dev: the database's certificate is checked against it",
    isBroken: (s) => s.ENVIRONMENT !== "dev" && sslOf(s).caFile === undefined,
  },
  {
    key: "DATABASE_POOL_MIN",
    message: "must not be above DATABASE_POOL_MAX",
    isBroken: (s) => (s.DATABASE_POOL_MIN ?? 0) > (s.DATABASE_POOL_MAX ?? Number.MAX_VALUE),
  },
  {
    key: "DISK_QUEUE_NAME",
    message: "must differ from QUEUE_NAME, also in more than upper and lower case",
    isBroken: (s) => s.DISK_QUEUE_NAME?.toLowerCase() === s.QUEUE_NAME?.toLowerCase(),
  },
];

/** Adds the rules between settings to a schema that holds `storeSettings`. */
export const withStoreRules = <S extends z.ZodObject>(schema: S): S => withRules(schema, RULES);

/** Where the settings say that the database is. */
export function targetOf(settings: StoreSettings): ConnectTarget {
  const url =
    settings.DATABASE_URL ??
    databaseUrl({
      host: settings.POSTGRES_HOST,
      port: settings.POSTGRES_PORT,
      user: settings.POSTGRES_USER,
      password: settings.POSTGRES_PASSWORD ?? "",
      database: settings.POSTGRES_DB,
    });
  return { url: connectTarget(url).url, ssl: sslOf(settings) };
}

/** How the settings have the database used. */
export const storeOptionsOf = (settings: StoreSettings): Omit<StoreOptions, "log"> => ({
  ...targetOf(settings),
  pool: { min: settings.DATABASE_POOL_MIN, max: settings.DATABASE_POOL_MAX },
  connectTimeoutMs: settings.DATABASE_CONNECT_TIMEOUT_MS,
  statementTimeoutMs: settings.DATABASE_STATEMENT_TIMEOUT_MS,
  lockTimeoutMs: settings.DATABASE_LOCK_TIMEOUT_MS,
});

/** @returns both queues, the one of jobs first. */
export const queuesOf = (settings: StoreSettings): readonly string[] => [
  settings.QUEUE_NAME,
  settings.DISK_QUEUE_NAME,
];

function sslOf(settings: Fields): ConnectTarget["ssl"] {
  const { DATABASE_URL: url, DATABASE_SSLMODE, DATABASE_CA_FILE } = settings;
  const said = url !== undefined && isDatabaseUrl(url) ? connectTarget(url).ssl : undefined;
  const caFile = DATABASE_CA_FILE ?? said?.caFile;
  return { mode: DATABASE_SSLMODE ?? said?.mode ?? "disable", ...(caFile && { caFile }) };
}

function isDatabaseUrl(text: string): boolean {
  try {
    return connectTarget(text) !== undefined;
  } catch {
    return false;
  }
}
