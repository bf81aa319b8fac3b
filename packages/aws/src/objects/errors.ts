/** What S3 answers instead of an object: errors that say more, or less, than a name. */
import { S3ServiceException } from "@aws-sdk/client-s3";
import { awsProblem } from "../errors.ts";

/** S3 has no bytes of the object in the range that was asked for. */
export class UnsatisfiableError extends Error {
  /** Of the object, where S3 tells it. */
  readonly sizeBytes: number | undefined;

  constructor(cause: S3ServiceException) {
    super("S3 has no bytes in this range", { cause });
    this.name = "UnsatisfiableError";
    const { ActualObjectSize: told } = cause as { ActualObjectSize?: unknown };
    const [, range] = /^bytes \*\/(\d+)$/.exec(headersOf(cause)["content-range"] ?? "") ?? [];
    const size = typeof told === "string" && /^\d+$/.test(told) ? told : range;
    this.sizeBytes = size === undefined ? undefined : Number(size);
  }
}

/** What a read is refused with, where the name of the error alone does not say it; else undefined. */
export function refusalOf(error: unknown): Error | undefined {
  if (!(error instanceof S3ServiceException)) return undefined;
  if (error.$metadata.httpStatusCode === 416) return new UnsatisfiableError(error);
  // the version asked for is the mark that the object was deleted
  if (headersOf(error)["x-amz-delete-marker"] === "true")
    return awsProblem("object_not_found", error);
  return undefined;
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
