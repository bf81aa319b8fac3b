/** What S3 answers instead of an object: 304, and the errors that say more than a code. */
import { ProblemError } from "@airlock/contract";
import { S3ServiceException } from "@aws-sdk/client-s3";
import { withoutGaps } from "./object-headers.ts";

/** The validators of a 304, which the SDK takes for an error; undefined for every other error. */
export function notModified(error: unknown): Record<string, string> | undefined {
  if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 304) return;
  const { etag, "last-modified": lastModified, "cache-control": cacheControl } = headersOf(error);
  return withoutGaps({ etag, "last-modified": lastModified, "cache-control": cacheControl });
}

/** 416 with the size of the object (RFC 9110 §15.5.17); undefined for every other error. */
export function unsatisfiable(error: unknown): ProblemError | undefined {
  if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 416) return;
  const { ActualObjectSize: size } = error as { ActualObjectSize?: unknown };
  const contentRange =
    typeof size === "string" && /^\d+$/.test(size) ? `bytes */${size}` : undefined;
  return new ProblemError("range_not_satisfiable", "The object has no bytes in this range.", {
    headers: withoutGaps({ "content-range": contentRange }),
    cause: error,
  });
}

/** Whether S3 does not take the token of a list; the only argument of a list that clients make up. */
export const isBadToken = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.name === "InvalidArgument";

const headersOf = ({ $response }: S3ServiceException): Record<string, string> =>
  $response?.headers ?? {};
