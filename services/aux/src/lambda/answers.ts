/** What the application has answered, in the two forms that an API takes: as it comes, or whole in base64. */
import { pipeline } from "node:stream/promises";
import { ProblemError } from "@airlock/contract";
import { PROBLEM_TYPE, problemBody } from "@airlock/http";
import type { LambdaResponseStreamed } from "@fastify/aws-lambda";
import type { ResponseStream } from "./runtime.ts";

/** An answer may take 6 MB, and base64 makes three bytes four. */
const MAX_BUFFERED_BYTES = 4.5 * 1024 * 1024;

/**
 * Writes all of an answer, and leaves its end to be told.
 *
 * @throws Error when the body is shorter than it says: what has begun must not look whole.
 */
export async function sendStreamed(
  { meta, stream: body }: LambdaResponseStreamed,
  stream: ResponseStream,
  method: string,
): Promise<void> {
  const { statusCode, headers } = meta;
  const out = awslambda.HttpResponseStream.from(stream, { statusCode, headers });
  const isWhole = wholeBody(method, statusCode, headers);
  async function* counted() {
    let sizeBytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      yield chunk;
    }
    if (!isWhole(sizeBytes)) throw new Error("the answer has broken off");
  }
  await pipeline(counted, out, { end: false });
}

function wholeBody(method: string, status: number, headers: Readonly<Record<string, string>>) {
  const length = headers["content-length"];
  const hasNone = method === "HEAD" || status === 304 || length === undefined;
  return (sizeBytes: number) => hasNone || sizeBytes === Number(length);
}

/** The same at once. @throws Error when the body is shorter than it says. */
export async function sendBuffered(
  { meta, stream: body }: LambdaResponseStreamed,
  stream: ResponseStream,
  method: string,
): Promise<void> {
  const { statusCode, headers } = meta;
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BUFFERED_BYTES) break;
    chunks.push(Buffer.from(chunk)); // of an answer without a body it is an empty text
  }
  const isTooLarge = sizeBytes > MAX_BUFFERED_BYTES;
  if (!isTooLarge && !wholeBody(method, statusCode, headers)(sizeBytes)) {
    throw new Error("the answer has broken off");
  }
  const answer = isTooLarge
    ? tooLarge(headers["x-request-id"] ?? "")
    : { statusCode, headers, body: Buffer.concat(chunks) };
  stream.setContentType("application/json");
  const body64 = answer.body.toString("base64");
  const text = JSON.stringify({ ...answer, body: body64, isBase64Encoded: true });
  await pipeline([Buffer.from(text)], stream, { end: false });
}

function tooLarge(requestId: string) {
  const detail =
    "This answer is larger than the 4.5 MB that can be answered here at once; /presigned gives an address for the whole object.";
  const problem = new ProblemError("content_too_large", detail);
  return {
    statusCode: problem.status,
    headers: {
      "content-type": PROBLEM_TYPE,
      "cache-control": "no-store",
      "x-request-id": requestId,
    },
    body: Buffer.from(JSON.stringify(problemBody(problem, requestId))),
  };
}
