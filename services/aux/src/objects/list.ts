/** A page of a bucket: what the caller may see of it, and nothing that tells of the rest. */
import { DeadlineExceededError, type ObjectStore, withDeadline } from "@airlock/aws";
import {
  isObjectKey,
  MAX_PAGE,
  type ObjectList,
  type ObjectsQuery,
  ProblemError,
  readPlace,
  writePlace,
} from "@airlock/contract";
import type { FastifyRequest } from "fastify";
import type { Access } from "../access.ts";
import { clientOf } from "../client-of.ts";
import { noSuchBucket } from "./no-such.ts";
import { type Entry, type SeenBucket, scan } from "./scan.ts";

export interface ListObjectsDeps {
  readonly objects: Pick<ObjectStore, "list">;
  readonly access: Access;
  /** How long one page may be looked for. */
  readonly limitMs: number;
}

const RETRY_AFTER_SECONDS = "5";

/** @throws ProblemError invalid_cursor, list_unfinished, policy_denied, bucket_not_found, the AWS codes. */
export async function listObjects(
  { objects, access, limitMs }: ListObjectsDeps,
  request: FastifyRequest,
  signal: AbortSignal,
  bucket: string,
  { prefix = "", delimiter, limit = MAX_PAGE, cursor }: ObjectsQuery,
): Promise<ObjectList> {
  const name = `s3://${bucket}/${prefix}*`;
  const list = `objects ${JSON.stringify([bucket, prefix, delimiter])}`;
  const after = cursor === undefined ? "" : placeIn(list, cursor);
  const mayBelow = (below: string) =>
    access.decide(request, "list", { kind: "prefix", bucket, prefix: below });
  const decision = mayBelow(prefix);
  if (!decision.allow) {
    access.record(request, "list", name, { decision });
    const isPart = !access.tellsDenied() && mayBelow("").allow;
    if (!isPart) throw access.refusal({ name, missing: noSuchBucket });
    return bodyOf([], null);
  }
  const ended = new AbortController();
  const keys = access.keys(request, "list", bucket);
  let denied = 0;
  const work = async (inTime: AbortSignal) => {
    const options = {
      caller: clientOf(request),
      signal: AbortSignal.any([inTime, ended.signal]),
    };
    const seen: SeenBucket = {
      keys,
      mayList: (key) => access.decide(request, "list", { kind: "object", bucket, key }).allow,
      page: (query) => objects.list(bucket, query, options),
      onHidden: () => denied++,
    };
    return take(scan(seen, { prefix, delimiter, after }), limit, keys.covers(prefix));
  };
  try {
    const { entries, hasMore } = await withDeadline(limitMs, signal, work);
    access.recordList(request, "list", name, { allowed: entries.length, denied, cache: "bypass" });
    const last = entries.at(-1);
    return bodyOf(entries, hasMore && last ? writePlace(list, last.name) : null);
  } catch (error) {
    throw error instanceof DeadlineExceededError ? unfinished(error) : error;
  } finally {
    ended.abort("the page is full"); // for whatever was looked into ahead
  }
}

/**
 * The first entries, and whether there are more: that another one is there has to be seen, unless all
 * that S3 has is.
 */
async function take(entries: AsyncGenerator<Entry>, limit: number, isAllSeen: boolean) {
  const taken: Entry[] = [];
  for await (const entry of entries) {
    if (taken.length === limit) return { entries: taken, hasMore: true };
    taken.push(entry);
    if (isAllSeen && taken.length === limit) return { entries: taken, hasMore: entry.hasMore };
  }
  return { entries: taken, hasMore: false };
}

/** A cursor can be made up, and its place then is anything. */
function placeIn(list: string, cursor: string): string {
  const place = readPlace(list, cursor);
  if (isObjectKey(place)) return place;
  throw new ProblemError("invalid_cursor", "The cursor is not one that this list gave.");
}

function bodyOf(entries: readonly Entry[], next_cursor: string | null): ObjectList {
  return {
    objects: entries.flatMap(({ object }) => object ?? []),
    prefixes: entries.flatMap(({ name, object }) => (object ? [] : name)),
    next_cursor,
  };
}

const unfinished = (cause: Error) =>
  new ProblemError(
    "list_unfinished",
    "What may be shown was not found in the time that a list has; a longer prefix takes less.",
    { headers: { "retry-after": RETRY_AFTER_SECONDS }, cause },
  );
