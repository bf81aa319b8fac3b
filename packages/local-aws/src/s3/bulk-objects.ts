// Puts many objects, a large or an odd one, past the API: for the control endpoint.

import { createCipheriv, createHash } from "node:crypto";
import { z } from "zod";
import type { BucketStore } from "./bucket-store.ts";
import { custody } from "./custody.ts";

const MAX_SIZE = 2 ** 31;
const MAX_KEYS = 100_000;
const bucket = z.string().min(3).max(63);
const key = z.string().refine((text) => text.length > 0 && Buffer.byteLength(text) <= 1024, {
  error: "not a key S3 would take",
});

export const bulkObjects = z.union([
  z.strictObject({ bucket, keys: z.array(key).min(1).max(MAX_KEYS) }),
  z.strictObject({ bucket, key, size: z.int().min(0).max(MAX_SIZE) }),
  z.strictObject({
    bucket,
    key,
    body: z.string(),
    /** As S3 would send them back. */
    headers: z.record(z.string().regex(/^[a-z0-9-]+$/), z.string()).default({}),
    custody: custody.optional(),
  }),
]);

export type BulkObjects = z.input<typeof bulkObjects>;

export interface PutObjects {
  readonly added: number;
  /** Hex, of the one large object. */
  readonly sha256?: string;
}

/** Objects that hold their own keys as text, or one: of a size, or with all that is kept beside it. */
export function putObjects(
  store: BucketStore,
  request: z.output<typeof bulkObjects>,
  nowMs: number,
): PutObjects {
  const into = store.find(request.bucket) ?? store.create(request.bucket, nowMs);
  if ("keys" in request) {
    const put = { headers: { "content-type": "text/plain; charset=utf-8" } };
    for (const one of request.keys) store.put(into, one, Buffer.from(one), put, nowMs);
    return { added: request.keys.length };
  }
  if ("body" in request) {
    const { key, body, headers, custody: how } = request;
    store.put(into, key, Buffer.from(body), { headers, ...(how && { custody: how }) }, nowMs);
    return { added: 1 };
  }
  const body = pseudoRandom(request.size);
  store.put(into, request.key, body, { headers: {} }, nowMs);
  return { added: 1, sha256: createHash("sha256").update(body).digest("hex") };
}

/** The same bytes each time, with no pattern that a cut or a shift could hide in. */
function pseudoRandom(size: number): Buffer {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)).update(
    Buffer.alloc(size),
  );
}
