// What a fresh stand-in holds: three buckets with a few objects, and a dozen parameters.

import { LOCAL_AWS } from "./known-identities.ts";
import type { BucketStore } from "./s3/bucket-store.ts";
import { type BulkParameter, putBulk } from "./ssm/bulk-parameters.ts";
import type { ParameterStore } from "./ssm/parameter-store.ts";

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

/** Fills two empty stores. */
export function plantSeed(buckets: BucketStore, parameters: ParameterStore, nowMs: number): void {
  for (const [bucketName, key, type, body] of OBJECTS) {
    const bucket = buckets.find(bucketName) ?? buckets.create(bucketName, nowMs);
    buckets.put(bucket, key, Buffer.from(body), { headers: { "content-type": type } }, nowMs);
  }
  putBulk(parameters, PARAMETERS, LOCAL_AWS.baseUserArn, nowMs);
}
