/** Answers as bytes with a strong ETag (RFC 9110 §8.8.3), and what If-None-Match says to them. */
import { createHash } from "node:crypto";
import type { CacheState, Read } from "@airlock/aws";
import { entityTags, opaqueTag } from "@airlock/contract";
import type { FastifyReply, FastifyRequest } from "fastify";

export interface Representation {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
}

export const JSON_TYPE = "application/json; charset=utf-8";
export const TEXT_TYPE = "text/plain; charset=utf-8";
/** Characters of the digest in an ETag; that of a parameter has a date behind it. */
export const DIGEST_LENGTH = 27;

export const jsonOf = (value: object): Representation =>
  represent(JSON_TYPE, JSON.stringify(value));

/** The value and nothing else: no newline is added, none is lost. */
export const textOf = (value: string): Representation => represent(TEXT_TYPE, value);

/** Of the bytes, so that every replica gives the same; of the type too, for they must differ. */
function represent(type: string, text: string): Representation {
  const body = Buffer.from(text);
  const digest = createHash("sha256").update(`${type}\n`).update(body).digest("base64url");
  return { type, body, etag: `"${digest.slice(0, DIGEST_LENGTH)}"` };
}

/** Whether If-None-Match names this ETag: a list, `*`, compared weakly (RFC 9110 §13.1.2). */
export function isUnchanged(request: FastifyRequest, etag: string): boolean {
  const wanted = request.headers["if-none-match"];
  // a 304 is for GET and HEAD alone (RFC 9110 §13.1.2)
  if (wanted === undefined || request.method === "POST") return false;
  const tags = entityTags(wanted);
  return tags === "*" || tags.some((tag) => digestOf(opaqueTag(tag)) === digestOf(etag));
}

/** The bytes are the same whenever they were written; the version before this one gives no date. */
const digestOf = (etag: string): string =>
  etag[DIGEST_LENGTH + 1] === "-" ? etag.slice(0, DIGEST_LENGTH + 1) : etag.slice(0, -1);

export interface CacheNews {
  readonly cache: CacheState;
  readonly ageSeconds: number;
}

/**
 * Sends it, or 304 when the client has it already.
 *
 * @param news nothing for an answer that shows nothing: where that comes from, and how old it is, would
 * tell what others have read.
 */
export function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { type, body, etag }: Representation,
  news: CacheNews | undefined,
) {
  if (isUnchanged(request, etag)) return sendUnchanged(reply, etag, news);
  return tell(reply, etag, news).type(type).send(body);
}

export const sendUnchanged = (reply: FastifyReply, etag: string, news: CacheNews | undefined) =>
  tell(reply, etag, news).code(304).send();

function tell(reply: FastifyReply, etag: string, news: CacheNews | undefined): FastifyReply {
  reply.header("etag", etag);
  if (news) reply.header("x-cache", news.cache).header("age", String(news.ageSeconds));
  return reply;
}

const WORST_FIRST: readonly CacheState[] = ["miss", "bypass", "stale", "hit"];

/** One answer made of several reads is as fresh as its oldest part; undefined without any. */
export function newsOf(reads: readonly Read<unknown>[]): CacheNews | undefined {
  if (reads.length === 0) return undefined;
  const states = new Set<CacheState>();
  let ageSeconds = 0;
  for (const read of reads) {
    states.add(read.cache);
    ageSeconds = Math.max(ageSeconds, read.ageSeconds);
  }
  return { cache: WORST_FIRST.find((state) => states.has(state)) ?? "hit", ageSeconds };
}

/** Cache-Control: no-cache asks for what AWS has now (RFC 9111 §5.2.1.4). */
export const wantsFresh = (request: FastifyRequest): boolean =>
  request.headers["cache-control"]?.toLowerCase().includes("no-cache") ?? false;
