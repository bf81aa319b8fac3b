/** S3: one object, its bytes streamed as they come. */
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import type { RegionalS3 } from "../bucket-regions.ts";
import type { AwsCaller } from "../caller.ts";
import { CLASSES, sendOptions } from "../classes.ts";
import { awsProblem, UnusableAnswerError } from "../errors.ts";
import type { AwsOperation } from "../observed-call.ts";
import type { CallOptions } from "../reads.ts";
import { type ByteRange, rangeText } from "./byte-range.ts";
import type { ObjectConditions } from "./conditions.ts";
import { isMissing, isNameless, refusalOf, UnsatisfiableError } from "./errors.ts";
import { headersOf } from "./headers.ts";
import type { OpenStreams } from "./open-streams.ts";
import { type Answer, readUnder } from "./read-under.ts";
import { isUnlisted } from "./versions.ts";

export type ObjectAnswer = Omit<Answer, "body"> & { readonly body: Readable | null };

/** @param options.version the version to read instead of the newest. */
export type OpenObject = (
  method: "GET" | "HEAD",
  bucket: string,
  key: string,
  conditions: ObjectConditions,
  options?: CallOptions & { readonly version?: string | undefined },
) => Promise<ObjectAnswer>;

export function createObjectReader(
  s3: RegionalS3,
  call: AwsCaller,
  streams: OpenStreams,
): OpenObject {
  return (method, bucket, key, conditions, options = {}) => {
    const object = { Bucket: bucket, Key: key, VersionId: options.version };
    const operation: AwsOperation = method === "HEAD" ? "s3.HeadObject" : "s3.GetObject";
    const read = () =>
      call(operation, CLASSES.stream, { ...options, bucket }, (signal) => {
        const refused = (error: unknown) => refuse(s3, object, error, signal);
        return readUnder(method, conditions, {
          head: () => headObject(s3, object, signal).catch(refused),
          get: (range) => getObject(s3, object, range, signal).catch(refused),
        });
      });
    return method === "HEAD" ? read() : streams.hold(options, read);
  };
}

interface S3Object {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId: string | undefined;
}

async function getObject(
  s3: RegionalS3,
  object: S3Object,
  range: ByteRange | undefined,
  abortSignal: AbortSignal,
): Promise<Answer> {
  const command = new GetObjectCommand({ ...object, Range: range && rangeText(range) });
  const found = await s3.send(command, sendOptions(CLASSES.stream, abortSignal));
  const body = found.Body as IncomingMessage;
  if (!isObject(found)) {
    body.destroy();
    throw new UnusableAnswerError("an ETag or a date");
  }
  const status = found.$metadata.httpStatusCode === 206 ? 206 : 200;
  return { status, headers: headersOf(found), body };
}

async function headObject(
  s3: RegionalS3,
  object: S3Object,
  abortSignal: AbortSignal,
): Promise<Answer> {
  const head = async (): Promise<Answer> => {
    const found = await s3.send(
      new HeadObjectCommand(object),
      sendOptions(CLASSES.stream, abortSignal),
    );
    if (!isObject(found)) throw new UnusableAnswerError("an ETag or a date");
    return { status: 200, headers: headersOf(found), body: null };
  };
  try {
    return await head();
  } catch (error) {
    const named = await namedAs(error, async () => {
      const firstByte = new GetObjectCommand({ ...object, Range: "bytes=0-0" });
      const found = await s3.send(firstByte, sendOptions(CLASSES.stream, abortSignal));
      (found.Body as IncomingMessage).destroy();
    });
    if (named !== undefined) throw named;
    return head(); // the reason has gone, such as a session that another call has had renewed
  }
}

/** What S3 tells of every object, and a page of something in between does not. */
const isObject = ({ ETag, LastModified }: HeadObjectCommandOutput): boolean =>
  ETag !== undefined && LastModified !== undefined;

/** Throws what the reader is refused with; a version is the only argument that clients make up. */
async function refuse(
  s3: RegionalS3,
  { Bucket, Key, VersionId }: S3Object,
  error: unknown,
  abortSignal: AbortSignal,
): Promise<never> {
  if (VersionId !== undefined && error instanceof S3ServiceException) {
    const isNone =
      error.name === "InvalidArgument" ||
      (error.$metadata.httpStatusCode === 500 &&
        (await isUnlisted(s3, Bucket, Key, VersionId, abortSignal)));
    if (isNone) throw awsProblem("object_not_found", error);
  }
  throw refusalOf(error) ?? error;
}

/**
 * S3 answers HEAD without a body, and so without the name of the error: a 400 may be an ended session
 * or a disabled key, a 403 a clock that is wrong. What GET is refused with is what HEAD was.
 *
 * @param get asks for the same by GET.
 * @returns undefined when GET is not refused.
 */
async function namedAs(error: unknown, get: () => Promise<void>): Promise<unknown> {
  if (isMissing(error)) return awsProblem("object_not_found", error);
  if (!isNameless(error) || refusalOf(error)) return error;
  const named = await get().catch((refusal: unknown) => refusal);
  return refusalOf(named) instanceof UnsatisfiableError ? undefined : named;
}
