// What a fresh stand-in holds: three buckets with a few objects, a dozen parameters, and what its owner seeds it with.

import { LOCAL_AWS } from "./known-identities.ts";
import { type BulkParameter, putBulk } from "./ssm/bulk-parameters.ts";
import type { Stores } from "./store-folder/stores.ts";

export interface SeedObject {
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  readonly body: Buffer;
}

export interface Seed {
  readonly parameters: readonly BulkParameter[];
  /** Those of the objects, and empty ones. */
  readonly buckets: readonly string[];
  readonly objects: readonly SeedObject[];
}

const OBJECTS: readonly (readonly [bucket: string, key: string, type: string, body: string])[] = [
  ["airlock-data-dev", "readme.txt", "text/plain", "Seed data of the local stand-in.\n"],
  [
    "airlock-data-dev",
    "reports/2026/summary.json",
    "application/json",
    '{"orders":42,"ok":true}\n',
  ],
  ["airlock-data-dev", "reports/2026/details.csv", "text/csv", "id,amount\n1,10\n2,32\n"],
  ["airlock-logs-dev", "gateway/2026-01-01.log", "text/plain", "started\nstopped\n"],
  ["airlock-logs-dev", "aux/2026-01-01.log", "text/plain", "started\nstopped\n"],
  ["airlock-backups-dev", "db/full-0001.bin", "application/octet-stream", "not a real backup\n"],
];

const PARAMETERS: readonly BulkParameter[] = [
  { name: "my-parameter", value: "a root-level value" },
  { name: "/airlock/dev/api/config", value: '{"timeout":30,"max_retries":3}' },
  { name: "/airlock/dev/api/key", type: "SecureString", value: "seed-api-key-not-a-secret" },
  { name: "/airlock/dev/cache/ttl", value: "300" },
  { name: "/airlock/dev/database/host", value: "db.dev.example.com" },
  { name: "/airlock/dev/database/password", type: "SecureString", value: "seed-password" },
  { name: "/airlock/dev/database/port", value: "5432" },
  { name: "/airlock/dev/database/replicas", type: "StringList", value: "db-1,db-2,db-3" },
  {
    name: "/airlock/dev/database/url",
    type: "SecureString",
    value: "postgresql://airlock:seed-password@db.dev.example.com:5432/airlock",
  },
  { name: "/airlock/dev/features/flags", value: '{"new_ui":true,"beta":false}' },
  { name: "/airlock/dev/log/level", value: "info" },
  { name: "/airlock/dev/service/endpoint", value: "https://service.dev.example.com" },
  { name: "/airlock/dev/service/regions", type: "StringList", value: "eu-west-1,eu-central-1" },
];

export const BUILT_IN_SEED: Seed = {
  parameters: PARAMETERS,
  buckets: [...new Set(OBJECTS.map(([bucket]) => bucket))],
  objects: OBJECTS.map(([bucket, key, contentType, body]) => ({
    bucket,
    key,
    contentType,
    body: Buffer.from(body),
  })),
};

/** Fills two empty stores. A later seed's value stands in place of an earlier one's. */
export function plantSeeds(
  { buckets, parameters }: Pick<Stores, "buckets" | "parameters">,
  seeds: readonly Seed[],
  nowMs: number,
): void {
  for (const name of seeds.flatMap((seed) => seed.buckets)) {
    if (!buckets.find(name)) buckets.create(name, nowMs);
  }
  for (const { bucket: name, key, contentType, body } of seeds.flatMap((seed) => seed.objects)) {
    const bucket = buckets.find(name) ?? buckets.create(name, nowMs);
    buckets.put(bucket, key, body, { headers: { "content-type": contentType } }, nowMs);
  }
  const byName = new Map(seeds.flatMap((seed) => seed.parameters.map((one) => [one.name, one])));
  putBulk(parameters, [...byName.values()], LOCAL_AWS.baseUserArn, nowMs);
}
