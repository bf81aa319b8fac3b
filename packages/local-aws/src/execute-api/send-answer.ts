// Turns what the function has answered into what the API answers: buffered and decoded, or as it comes.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html

import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { FunctionAnswer } from "../lambda/invocations.ts";
import { CallFailed } from "./refusal.ts";

export interface SendOptions {
  readonly isStreamed: boolean;
  /** What a buffered answer of the function may hold. */
  readonly maxBytes: number;
  /** Of the API's own. */
  readonly headers: Readonly<Record<string, string>>;
  /** The connection ends behind so many bytes of the body. */
  readonly cutAfterBytes: number | undefined;
}

interface Head {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
}

/** @throws CallFailed where nothing has been sent; else the connection ends where the answer does. */
export async function sendAnswer(
  answer: FunctionAnswer,
  response: ServerResponse,
  options: SendOptions,
): Promise<number> {
  try {
    // a function that answers at once was not made for a method that streams
    if (options.isStreamed && !answer.isStreamed) throw new CallFailed("noAnswer");
    const send = options.isStreamed ? sendStreamed : sendBuffered;
    return await send(answer, response, options);
  } finally {
    answer.body.destroy();
  }
}

const STREAMED_TYPE = "application/vnd.awslambda.http-integration-response";
/** Eight bytes of zero stand between what the answer is and its body. */
const DELIMITER = Buffer.alloc(8);
const MAX_HEAD_BYTES = 65_536;

async function sendStreamed(
  { body, contentType }: FunctionAnswer,
  response: ServerResponse,
  options: SendOptions,
): Promise<number> {
  if (contentType !== STREAMED_TYPE) throw new CallFailed("noAnswer");
  const chunks = body.iterator({ destroyOnReturn: false });
  let start = Buffer.alloc(0);
  let end = -1;
  while (end < 0) {
    const { value, done } = await chunks.next().catch(() => ({ value: undefined, done: true }));
    if (done || start.length > MAX_HEAD_BYTES) throw new CallFailed("noAnswer");
    start = Buffer.concat([start, value]);
    end = start.indexOf(DELIMITER);
  }
  const status = writeHead(response, parseHead(start.subarray(0, end)), options.headers);
  const first = start.subarray(end + DELIMITER.length);
  async function* rest() {
    if (first.length > 0) yield first;
    yield* chunks as AsyncIterable<Buffer>;
  }
  response.flushHeaders();
  await pipeline(cut(rest(), options.cutAfterBytes), response);
  return status;
}

async function sendBuffered(
  { body }: FunctionAnswer,
  response: ServerResponse,
  { maxBytes, headers, cutAfterBytes }: SendOptions,
): Promise<number> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes <= maxBytes) chunks.push(chunk);
    }
  } catch {
    throw new CallFailed("noAnswer");
  }
  // Lambda gives an error of its own instead of so much
  if (sizeBytes > maxBytes) throw new CallFailed("noAnswer");
  const parsed = parseBuffered(Buffer.concat(chunks));
  const bytes = Buffer.from(parsed.body, parsed.isBase64Encoded ? "base64" : "utf8");
  const length = { "content-length": String(bytes.length) };
  const status = writeHead(response, parsed, { ...headers, ...length });
  await pipeline(cut([bytes], cutAfterBytes), response);
  return status;
}

function parseBuffered(bytes: Buffer): Head & { body: string; isBase64Encoded: boolean } {
  const parsed = parseHead(bytes) as Head & { body?: unknown; isBase64Encoded?: unknown };
  const { body = "", isBase64Encoded = false } = parsed;
  if (typeof body !== "string") throw new CallFailed("noAnswer");
  return { ...parsed, body, isBase64Encoded: isBase64Encoded === true };
}

function parseHead(bytes: Buffer): Head {
  let head: Partial<Head> | null = null;
  try {
    head = JSON.parse(bytes.toString());
  } catch {
    // told below
  }
  if (typeof head !== "object" || !Number.isInteger(head?.statusCode)) {
    throw new CallFailed("noAnswer");
  }
  return head as Head;
}

/** The API has its own of these, and shows the function's under another name. */
const REMAPPED = new Set(["connection", "date", "server", "www-authenticate"]);
const DROPPED = new Set(["transfer-encoding", "keep-alive"]);

function writeHead(
  response: ServerResponse,
  { statusCode, headers = {}, multiValueHeaders = {} }: Head,
  own: Readonly<Record<string, string>>,
): number {
  for (const [name, value] of Object.entries({ ...headers, ...multiValueHeaders })) {
    const lower = name.toLowerCase();
    if (DROPPED.has(lower)) continue;
    response.setHeader(REMAPPED.has(lower) ? `x-amzn-remapped-${lower}` : name, value);
  }
  for (const [name, value] of Object.entries(own)) response.setHeader(name, value);
  response.statusCode = statusCode;
  return statusCode;
}

/** @throws Error behind the last byte that comes through. */
async function* cut(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  afterBytes: number | undefined,
): AsyncGenerator<Buffer> {
  let left = afterBytes ?? Number.POSITIVE_INFINITY;
  for await (const chunk of chunks) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left < 0) throw new Error("the connection is lost");
  }
}
