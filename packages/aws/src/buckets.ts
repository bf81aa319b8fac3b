/** S3: the list of all buckets, kept for a while. */
import type { Buckets } from "@airlock/contract";
import { ListBucketsCommand, type S3Client } from "@aws-sdk/client-s3";
import type { AwsCaller } from "./caller.ts";
import { CLASSES, sendOptions } from "./classes.ts";
import { UnusableAnswerError } from "./errors.ts";
import { ReadCache } from "./read-cache.ts";
import type { Read, ReadOptions } from "./reads.ts";
import type { AwsSettings } from "./settings.ts";

export type BucketSummary = Buckets["buckets"][number];

export interface BucketCacheOptions {
  readonly settings: Pick<AwsSettings, "CACHE_FRESH_SECONDS" | "CACHE_STALE_SECONDS">;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Told the region of each bucket as S3 lists them. */
  readonly onRegion?: (bucket: string, region: string) => void;
}

export interface BucketStore {
  /** Every bucket of the account, sorted by name. @throws ProblemError */
  list(options?: ReadOptions): Promise<Read<BucketSummary[]>>;
}

/** Asked for, since without a size S3 sends no pages and refuses accounts of more than 10,000. */
const PAGE_SIZE = 1000;
/** There is one list, and an account has a bound on its buckets (S3 service quotas). */
const ONE_LIST = { maxEntries: 1, maxBytes: 1, sizeOf: () => 1 };
/** How long a refusal is remembered, where anything is. */
const REFUSED_MS = 5000;
const KEY = "buckets";

export function createBucketStore(
  s3: S3Client,
  call: AwsCaller,
  { settings, now, onRegion = () => {} }: BucketCacheOptions,
): BucketStore {
  const freshMs = settings.CACHE_FRESH_SECONDS * 1000;
  const cache = new ReadCache<BucketSummary[]>({
    ...ONE_LIST,
    freshMs,
    staleMs: settings.CACHE_STALE_SECONDS * 1000,
    refusedMs: Math.min(REFUSED_MS, freshMs),
    now,
    whileRevalidating: true,
  });
  // on nobody's signal: whoever leaves, others may wait for the same list
  const fetch = async () => {
    const found = await call("s3.ListBuckets", CLASSES.list, {}, (signal) => listAll(s3, signal));
    for (const { name, region } of found) if (region) onRegion(name, region);
    return found;
  };
  return {
    list: ({ revalidate, signal } = {}) =>
      cache.read(KEY, fetch, { revalidate, signal, limitMs: CLASSES.list.wholeMs }),
  };
}

async function listAll(s3: S3Client, abortSignal: AbortSignal): Promise<BucketSummary[]> {
  const buckets: BucketSummary[] = [];
  let token: string | undefined;
  do {
    const command = new ListBucketsCommand({ MaxBuckets: PAGE_SIZE, ContinuationToken: token });
    const page = await s3.send(command, sendOptions(CLASSES.list, abortSignal));
    // of an answer without a body the SDK makes a list without buckets
    if (!page.Buckets) throw new UnusableAnswerError("Buckets");
    for (const { Name, CreationDate, BucketRegion: region } of page.Buckets) {
      if (!Name || !CreationDate) throw new UnusableAnswerError("a part of a bucket");
      const creation_date = CreationDate.toISOString();
      buckets.push({ name: Name, creation_date, ...(region && { region }) });
    }
    token = page.ContinuationToken;
  } while (token); // a page may be empty and still not the last
  return buckets.sort((a, b) => (a.name < b.name ? -1 : 1));
}
