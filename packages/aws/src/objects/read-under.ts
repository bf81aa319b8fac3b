/**
 * An object under the conditions of its reader. Each answer of S3 is judged by its own headers, so that an
 * object that changes between two of them is never taken for the other.
 */
import type { IncomingMessage } from "node:http";
import { ProblemError } from "@airlock/contract";
import { awsProblem } from "../errors.ts";
import { type ByteRange, isSatisfiable, MAX_SIZE, oneRange } from "./byte-range.ts";
import {
  canBeOfRange,
  headersOfUnchanged,
  isConditional,
  isOfRange,
  mayBeKnown,
  type ObjectConditions,
  verdictOn,
} from "./conditions.ts";
import { UnsatisfiableError } from "./errors.ts";

export interface Answer {
  readonly status: 200 | 206 | 304;
  /** Lower-case names, ready to be sent on. */
  readonly headers: Record<string, string>;
  /** Null for HEAD and 304. It fails, and never ends short, when S3 breaks off. */
  readonly body: IncomingMessage | null;
}

export interface Asking {
  head(): Promise<Answer>;
  /** @throws UnsatisfiableError */
  get(range?: ByteRange): Promise<Answer>;
}

/**
 * One call to S3, but two for a reader who may have the object already and has another one, who goes on
 * with another one, or whose range S3 refuses without saying why.
 *
 * @throws ProblemError precondition_failed, range_not_satisfiable; what `asking` throws.
 */
export async function readUnder(
  method: "GET" | "HEAD",
  conditions: ObjectConditions,
  { head, get }: Asking,
): Promise<Answer> {
  const judged = (answer: Answer) => judge(conditions, answer);
  if (method === "HEAD") return judged(await head());
  if (mayBeKnown(conditions)) {
    // a GET would begin to send what most who ask so have
    const now = judged(await head());
    if (now.status === 304) return now;
  }
  const range = canBeOfRange(conditions.ifRange) ? oneRange(conditions.range) : undefined;
  if (!range) return judged(await get());
  return readPart(range, conditions, {
    head: async () => judged(await head()),
    get: async (asked) => judged(await get(asked)),
  });
}

/** @param asking judges what it gives. */
async function readPart(
  range: ByteRange,
  conditions: ObjectConditions,
  { head, get }: Asking,
): Promise<Answer> {
  const { ifRange } = conditions;
  // none of the bytes of any object: some servers give them all
  const isNone = !isSatisfiable(range, MAX_SIZE);
  const part = isNone ? undefined : await get(range).catch(orUnsatisfiable);
  if (part && !(part instanceof UnsatisfiableError)) {
    if (part.status !== 206 || isOfRange(ifRange, part.headers)) return part;
    part.body?.destroy();
    return get();
  }
  let sizeBytes = part?.sizeBytes;
  if (sizeBytes === undefined || isConditional(conditions)) {
    const now = await head();
    if (now.status === 304) return now;
    if (!isOfRange(ifRange, now.headers)) return get();
    sizeBytes = sizeOf(now);
  }
  // empty, or no longer what it was: the whole is right in either case
  if (sizeBytes !== undefined && isSatisfiable(range, sizeBytes)) return get();
  throw unsatisfiable(sizeBytes, part);
}

/** The answer as it is, or 304 in its place. @throws ProblemError precondition_failed */
function judge(conditions: ObjectConditions, answer: Answer): Answer {
  const verdict = verdictOn(conditions, answer.headers);
  if (verdict === "send") return answer;
  answer.body?.destroy();
  if (verdict === "failed") throw awsProblem("precondition_failed");
  return { status: 304, headers: headersOfUnchanged(answer.headers), body: null };
}

function orUnsatisfiable(error: unknown): UnsatisfiableError {
  if (error instanceof UnsatisfiableError) return error;
  throw error;
}

function sizeOf({ headers }: Answer): number | undefined {
  const length = headers["content-length"];
  return length === undefined ? undefined : Number(length);
}

/** 416 with the size of the object (RFC 9110 §15.5.17). */
function unsatisfiable(sizeBytes: number | undefined, cause: Error | undefined): ProblemError {
  const headers: Record<string, string> =
    sizeBytes === undefined ? {} : { "content-range": `bytes */${sizeBytes}` };
  const detail = "The object has no bytes in this range.";
  return new ProblemError("range_not_satisfiable", detail, { headers, cause });
}
