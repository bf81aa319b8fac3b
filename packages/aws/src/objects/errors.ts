/** What S3 answers instead of an object: 304, and the errors that say more, or less, than a name. */
import { ProblemError } from "@airlock/contract";
import { S3ServiceException } from "@aws-sdk/client-s3";
import { awsProblem } from "../errors.ts";
import { withoutGaps } from "./headers.ts";

/** The validators of a 304, which the SDK takes for an error; undefined for every other error. */
export function notModified(error: unknown): Record<string, string> | undefined {
  if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 304) return;
  const { etag, "last-modified": lastModified, "cache-control": cacheControl } = headersOf(error);
  return withoutGaps({ etag, "last-modified": lastModified, "cache-control": cacheControl });
}

/** What a read is refused with, where the name of the error alone does not say it; else undefined. */
export function refusalOf(error: unknown): ProblemError | undefined {
  if (!(error instanceof S3ServiceException)) return undefined;
  if (error.$metadata.httpStatusCode === 416) return unsatisfiable(error);
  // the version asked for is the mark that the object was deleted
  if (headersOf(error)["x-amz-delete-marker"] === "true")
    return awsProblem("object_not_found", error);
  return undefined;
}

/** 416 with the size of the object (RFC 9110 §15.5.17). */
function unsatisfiable(error: S3ServiceException): ProblemError {
  const { ActualObjectSize: size } = error as { ActualObjectSize?: unknown };
  const contentRange =
    typeof size === "string" && /^\d+$/.test(size) ? `bytes */${size}` : undefined;
  return new ProblemError("range_not_satisfiable", "The object has no bytes in this range.", {
    headers: withoutGaps({ "content-range": contentRange }),
    cause: error,
  });
}

/** S3's own 404 to a HEAD; what stands between may say 404 as well, but does not count requests. */
export const isMissing = (error: unknown): boolean =>
  error instanceof S3ServiceException &&
  error.$metadata.httpStatusCode === 404 &&
  error.$metadata.requestId !== undefined;

/** Whether an answer to HEAD, which has no body, leaves open what it means. */
export function isNameless(error: unknown): boolean {
  if (!(error instanceof S3ServiceException)) return false;
  const { httpStatusCode: status = 0 } = error.$metadata;
  return (status >= 400 && status < 500 && status !== 412) || status === 501;
}

const headersOf = ({ $response }: S3ServiceException): Record<string, string> =>
  $response?.headers ?? {};
