/** S3 on the wire: bodies, query words and the grammar of bucket names and keys. */
import * as z from "zod";
import { count, sizeBytes } from "./numbers.ts";
import { cursorWord, flagWord, integerWord, limitWord } from "./query-words.ts";
import { timestamp } from "./timestamp.ts";

/** Longest key, in bytes of UTF-8 (S3 user guide, "Naming Amazon S3 objects"). */
export const MAX_KEY_BYTES = 1024;
/** AWS takes seven days at most for a presigned URL. */
export const MAX_PRESIGN_SECONDS = 604_800;

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Names as new buckets may have them (S3 user guide, "General purpose bucket naming rules"). */
export const isBucketName = (name: string): boolean =>
  BUCKET.test(name) && !name.includes("..") && !/^\d+(\.\d+){3}$/.test(name);

export const isObjectKey = (key: string): boolean =>
  key.length > 0 && key.isWellFormed() && Buffer.byteLength(key) <= MAX_KEY_BYTES;

export const Buckets = z
  .object({
    count: count,
    buckets: z.array(
      z.object({
        name: z.string(),
        creation_date: timestamp,
        region: z.string().optional().meta({ description: "As S3 tells it." }),
      }),
    ),
    next_cursor: z
      .string()
      .nullable()
      .optional()
      .meta({ description: "With `limit` only: what to send as `cursor`; null on the last page." }),
  })
  .meta({ id: "Buckets", description: "S3 buckets of the account." });

export const StoredObject = z
  .object({
    key: z.string(),
    size: sizeBytes.meta({ description: "In bytes." }),
    etag: z.string(),
    last_modified: timestamp,
    storage_class: z.string().optional(),
  })
  .meta({ id: "StoredObject" });

export const ObjectVersion = z
  .object({
    version: z.string().meta({ description: "What to send as `version`." }),
    latest: z.boolean().meta({ description: "Whether a read without `version` gives this one." }),
    deleted: z
      .boolean()
      .meta({ description: "A mark that the object was deleted; nothing to be read." }),
    last_modified: timestamp,
    size: sizeBytes.optional().meta({ description: "In bytes." }),
    etag: z.string().optional(),
    storage_class: z.string().optional(),
  })
  .meta({ id: "ObjectVersion" });

export const ObjectVersions = z
  .object({
    key: z.string(),
    versions: z.array(ObjectVersion),
    next_cursor: z.string().nullable().meta({ description: "null on the last page." }),
  })
  .meta({ id: "ObjectVersions", description: "Versions of one object, the newest first." });

export const ObjectList = z
  .object({
    objects: z.array(StoredObject),
    prefixes: z.array(z.string()).meta({ description: "What `delimiter` rolled up." }),
    next_cursor: z.string().nullable().meta({ description: "null on the last page." }),
  })
  .meta({
    id: "ObjectList",
    description: "A page of a bucket; objects and prefixes together are at most `limit`.",
  });

export const Presigned = z
  .object({ url: z.string(), method: z.enum(["GET", "PUT"]), expires_at: timestamp })
  .meta({ id: "Presigned", description: "An address that works without credentials, until then." });

const bucketWord = z
  .string()
  .refine(isBucketName, { error: "is no bucket name" })
  .describe("Name of a bucket.");
const keyWord = z
  .string()
  .refine(isObjectKey, { error: "is no object key" })
  .describe("Key of an object.");
const prefixWord = z.string().min(1).max(MAX_KEY_BYTES);

/** Query of `/storage` and `/s3/buckets`. */
export const BucketsQuery = z.strictObject({
  prefix: prefixWord.optional().describe("Only names that begin so."),
  limit: limitWord.optional(),
  cursor: cursorWord.optional(),
});

/** Query of `/storage/{bucket}` and `/s3/buckets/{bucket}`. */
export const ObjectsQuery = z.strictObject({
  prefix: prefixWord.optional().describe("Only keys that begin so."),
  delimiter: z
    .literal("/", { error: "must be /" })
    .optional()
    .describe("Keys that hold it after the prefix are rolled up into `prefixes`."),
  limit: limitWord.optional(),
  cursor: cursorWord.optional(),
});

const versionWord = z
  .string()
  .regex(/^[\x21-\x7e]{1,1024}$/, { error: "is no version of an object" })
  .describe("A version instead of the newest.");

/** Query of the gateway's `/storage/{bucket}/{key}`. */
export const StorageQuery = z
  .strictObject({
    version: versionWord.optional(),
    versions: flagWord.optional().describe("`true` lists the versions instead of reading one."),
    limit: limitWord.optional().describe("With `versions=true`: most versions on a page."),
    cursor: cursorWord
      .optional()
      .describe("With `versions=true`: `next_cursor` of the page before."),
  })
  .superRefine(({ version, versions, limit, cursor }, context) => {
    const clash = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    if (versions && version !== undefined) clash("version", "does not go with versions");
    if (!versions && limit !== undefined) clash("limit", "needs versions=true");
    if (!versions && cursor !== undefined) clash("cursor", "needs versions=true");
  });

/** Query of aux's `/s3/objects`. */
export const ObjectQuery = z.strictObject({
  bucket: bucketWord,
  key: keyWord,
  version: versionWord.optional(),
});

/** Query of aux's `/s3/versions`. */
export const VersionsQuery = z.strictObject({
  bucket: bucketWord,
  key: keyWord,
  limit: limitWord.optional(),
  cursor: cursorWord.optional(),
});

const presignError = `must be 1 to ${MAX_PRESIGN_SECONDS} seconds`;
const presignWords = {
  method: z.enum(["GET", "PUT"]).default("GET").describe("What the address is for."),
  expires_in: z
    .string()
    .regex(/^\d{1,6}$/, { error: presignError })
    .transform(Number)
    .pipe(z.int().min(1, { error: presignError }).max(MAX_PRESIGN_SECONDS, { error: presignError }))
    .default(900)
    .meta({
      ...integerWord(1, MAX_PRESIGN_SECONDS),
      description: "Seconds; never longer than the AWS session lasts.",
    }),
};

/** Query of the gateway's `/presigned/{bucket}/{key}`. */
export const PresignQuery = z.strictObject(presignWords);

/** Query of aux's `/s3/presigned`. */
export const PresignObjectQuery = z.strictObject({
  bucket: bucketWord,
  key: keyWord,
  ...presignWords,
});

export type Buckets = z.infer<typeof Buckets>;
export type ObjectsQuery = z.infer<typeof ObjectsQuery>;
export type ObjectVersion = z.infer<typeof ObjectVersion>;
export type ObjectVersions = z.infer<typeof ObjectVersions>;
export type StoredObject = z.infer<typeof StoredObject>;
export type ObjectList = z.infer<typeof ObjectList>;
export type Presigned = z.infer<typeof Presigned>;
