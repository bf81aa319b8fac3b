/** S3: the objects of buckets. */
import { createClientFinder, type RegionalS3 } from "./bucket-regions.ts";
import type { AwsCaller } from "./caller.ts";
import { createObjectLister, type ListObjects } from "./objects/list.ts";
import { OpenStreams } from "./objects/open-streams.ts";
import { createPresigner, type PresignObject } from "./objects/presign.ts";
import { createObjectReader, type OpenObject } from "./objects/read.ts";
import { createVersionLister, type ListVersions } from "./objects/versions.ts";
import type { Session } from "./session.ts";

export interface ObjectStore {
  /** One page. @throws ProblemError bucket_not_found and the AWS codes. */
  readonly list: ListObjects;
  /**
   * An object, or what is known of it, under the conditions of the client. Resolves with the headers;
   * the body follows as the reader takes it, and ends with `signal` or when it is destroyed.
   *
   * @throws ProblemError object_not_found, bucket_not_found, precondition_failed,
   * range_not_satisfiable, overloaded and the AWS codes.
   */
  readonly open: OpenObject;
  /** The versions of one object, the newest first. @throws ProblemError bucket_not_found and the AWS codes. */
  readonly versions: ListVersions;
  /**
   * An address for one key. Keys with `.` or `..` between slashes need a client that sends paths as
   * they are (`curl --path-as-is`). @throws ProblemError credentials_unavailable; while S3
   * has not said yet where the bucket is, also what stands for an outage.
   */
  readonly presign: PresignObject;
}

export function createObjectStore(s3: RegionalS3, call: AwsCaller, session: Session): ObjectStore {
  return {
    list: createObjectLister(s3, call),
    open: createObjectReader(s3, call, new OpenStreams()),
    versions: createVersionLister(s3, call),
    presign: createPresigner(createClientFinder(s3, call), session),
  };
}
