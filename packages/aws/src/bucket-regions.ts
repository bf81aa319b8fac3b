/** S3 in the region of each bucket, as S3 tells it: in its list of buckets, and when it is asked elsewhere. */
import {
  ListObjectsV2Command,
  type S3Client,
  type S3ClientResolvedConfig,
  S3ServiceException,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from "@aws-sdk/client-s3";
import type { Command } from "@smithy/types";
import { LRUCache } from "lru-cache";
import type { AwsCaller } from "./caller.ts";
import { CLASSES, sendOptions } from "./classes.ts";
import { areCredentialsUnknown, isOutage, translateAwsError } from "./errors.ts";

/** As many buckets as an account has by default (S3 service quotas). */
const MAX_BUCKETS = 10_000;
/** A bucket may go, and its name be taken in another region; S3 would not redirect who uses an address. */
const SURE_MS = 300_000;
/** As settings have it: it goes into a host name. */
const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

export interface RegionalS3Options {
  /** Where buckets are looked for of which nothing is known. */
  readonly home: string;
  readonly clientIn: (region: string) => S3Client;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

type BucketInput = Extract<ServiceInputTypes, { Bucket: string | undefined }>;
type BucketCommand<I extends BucketInput, O extends ServiceOutputTypes> = Command<
  ServiceInputTypes,
  I,
  ServiceOutputTypes,
  O,
  S3ClientResolvedConfig
>;

export class RegionalS3 {
  readonly #options: RegionalS3Options;
  readonly #known = new LRUCache<string, { region: string; at: number }>({ max: MAX_BUCKETS });
  /** Regions that have taken the credentials before. */
  readonly #open = new Set<string>();

  constructor(options: RegionalS3Options) {
    this.#options = options;
    this.#open.add(options.home);
  }

  /** Sends to the bucket's region, and once more where S3 says that it is another. */
  async send<I extends BucketInput, O extends ServiceOutputTypes>(
    command: BucketCommand<I, O>,
    options: ReturnType<typeof sendOptions>,
  ): Promise<O> {
    const bucket = command.input.Bucket ?? "";
    const region = this.#regionOf(bucket);
    try {
      return await this.#sendIn(region, command, options);
    } catch (error) {
      const named = regionNamedBy(error);
      if (named === undefined || named === region) throw error;
      this.note(bucket, named);
      return this.#sendIn(named, command, options);
    }
  }

  /** S3 says that the bucket is there. */
  note(bucket: string, region: string): void {
    if (REGION.test(region)) this.#known.set(bucket, { region, at: this.#options.now() });
  }

  /** The bucket answers where it was looked for. */
  confirm(bucket: string): void {
    this.note(bucket, this.#regionOf(bucket));
  }

  /** Whether S3 has said of late where the bucket is. */
  isSureOf(bucket: string): boolean {
    const known = this.#known.get(bucket);
    return known !== undefined && this.#options.now() - known.at < SURE_MS;
  }

  clientOf(bucket: string): S3Client {
    return this.#options.clientIn(this.#regionOf(bucket));
  }

  #regionOf(bucket: string): string {
    return this.#known.get(bucket)?.region ?? this.#options.home;
  }

  async #sendIn<I extends BucketInput, O extends ServiceOutputTypes>(
    region: string,
    command: BucketCommand<I, O>,
    options: ReturnType<typeof sendOptions>,
  ): Promise<O> {
    try {
      const answer = await this.#options.clientIn(region).send(command, options);
      this.#open.add(region);
      this.note(command.input.Bucket ?? "", region);
      return answer;
    } catch (error) {
      // not of the session, which is good in its own region
      if (!this.#open.has(region) && areCredentialsUnknown(error)) {
        throw new RegionDisabledException(region, error);
      }
      throw error;
    }
  }
}

/** The name under which the table of errors has it. */
class RegionDisabledException extends Error {
  constructor(region: string, cause: unknown) {
    super(`The region ${region} does not know the credentials`, { cause });
    this.name = "RegionDisabledException";
  }
}

/** Answers to HEAD have no body, and say it in the header alone. */
function regionNamedBy(error: unknown): string | undefined {
  if (!(error instanceof S3ServiceException)) return undefined;
  const { Region } = error as { Region?: unknown };
  const named = error.$response?.headers["x-amz-bucket-region"] ?? Region;
  return typeof named === "string" && REGION.test(named) ? named : undefined;
}

/**
 * Finds the client that signs for a bucket, which S3 is asked for unless it has said so of late. Not by
 * HEAD: the name of an error, such as that of an ended session, would be missing.
 */
export function createClientFinder(
  s3: RegionalS3,
  call: AwsCaller,
): (bucket: string) => Promise<S3Client> {
  const asking = new Map<string, Promise<void>>();
  const ask = async (bucket: string) => {
    const command = new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 0 });
    try {
      await call("s3.ListObjectsV2", CLASSES.value, { bucket }, (signal) =>
        s3.send(command, sendOptions(CLASSES.value, signal)),
      );
    } catch (error) {
      const problem = translateAwsError(error);
      if (isOutage(problem)) throw problem;
      // the region has looked, and S3 sends elsewhere before it looks
      if (problem.code === "access_denied") s3.confirm(bucket);
    }
  };
  return async (bucket) => {
    if (!s3.isSureOf(bucket)) {
      const asked = asking.get(bucket) ?? ask(bucket).finally(() => asking.delete(bucket));
      asking.set(bucket, asked);
      await asked;
    }
    return s3.clientOf(bucket);
  };
}
