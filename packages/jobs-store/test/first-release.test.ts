/** What was released once is never changed: databases out there have it already. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

/** The schema of the first release: its files, and the beginning of their SHA-256. */
const FIRST_RELEASE = {
  "001_users_and_keys": "3222087cc9906426",
  "002_gpu_types": "19741afe81ef1de0",
  "003_reservations": "b8c8181703ca85c6",
  "004_disks": "29d8302cf39bf6b1",
  "005_idempotency_keys": "bcc5986c576e38c7",
  "006_installed_components": "2f4f99f1f0eef752",
};

test("the migrations of the first release are what they were", async () => {
  for (const [name, hash] of Object.entries(FIRST_RELEASE)) {
    const text = await readFile(new URL(`../migrations/${name}.sql`, import.meta.url));
    assert.equal(createHash("sha256").update(text).digest("hex").slice(0, 16), hash, name);
  }
});
