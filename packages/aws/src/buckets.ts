/** S3: the list of all buckets. */
import type { Buckets } from "@airlock/contract";
import { ListBucketsCommand, type S3Client } from "@aws-sdk/client-s3";
import { type AwsCaller, type CallOptions, LIST_LIMITS } from "./caller.ts";

const PAGE_SIZE = 1000;

export interface BucketStore {
  /** Every bucket of the account. @throws ProblemError */
  list(options?: CallOptions): Promise<Buckets>;
}

export function createBucketStore(s3: S3Client, call: AwsCaller): BucketStore {
  return {
    list: (options = {}) =>
      call("s3.ListBuckets", LIST_LIMITS, options, async (abortSignal) => {
        const buckets: Buckets["buckets"] = [];
        let token: string | undefined;
        do {
          const command = new ListBucketsCommand({
            MaxBuckets: PAGE_SIZE,
            ContinuationToken: token,
          });
          const page = await s3.send(command, { abortSignal });
          for (const { Name, CreationDate } of page.Buckets ?? []) {
            if (!Name || !CreationDate) continue;
            buckets.push({ name: Name, creation_date: CreationDate.toISOString() });
          }
          token = page.ContinuationToken;
        } while (token);
        return { count: buckets.length, buckets };
      }),
  };
}
