// Requests and answers as they stand on the wire: raw path, flat headers, whole body.

import type { IncomingMessage, ServerResponse } from "node:http";

/** Objects live in memory, so one body has an end. */
export const MAX_BODY_BYTES = 256 * 1024 * 1024;

export interface WireRequest {
  readonly method: string;
  /** The path still encoded, as it was signed. */
  readonly path: string;
  readonly query: ReadonlyMap<string, readonly string[]>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** Goes out without the headers that every answer of AWS has. */
  readonly isForeign?: boolean;
}

export class BodyTooLarge extends Error {}

/** Decodes a query string; a malformed triplet stays as it is, since no signature will match it anyway. */
export function parseQuery(text: string): Map<string, string[]> {
  const query = new Map<string, string[]>();
  for (const part of text.split("&")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const name = decodeFormText(at < 0 ? part : part.slice(0, at));
    const value = at < 0 ? "" : decodeFormText(part.slice(at + 1));
    query.set(name, [...(query.get(name) ?? []), value]);
  }
  return query;
}

function decodeFormText(text: string): string {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

/** Reads a request to its end. Throws BodyTooLarge; rejects when the client goes away. */
export async function readRequest(message: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  const url = message.url ?? "/";
  const mark = url.indexOf("?");
  return {
    method: message.method ?? "GET",
    path: mark < 0 ? url : url.slice(0, mark),
    query: parseQuery(mark < 0 ? "" : url.slice(mark + 1)),
    headers: flatHeaders(message),
    body: Buffer.concat(chunks),
  };
}

function flatHeaders(message: IncomingMessage): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(",") : value;
  }
  return flat;
}

/** The first value of a query parameter. */
export function queryValue(request: WireRequest, name: string): string | undefined {
  return request.query.get(name)?.[0];
}

export function writeAnswer(response: ServerResponse, answer: WireAnswer, method: string): void {
  const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  const bodyless = answer.status === 204 || answer.status === 304;
  // A HEAD answer states the length of the body it leaves out, where the handler gave one.
  const headers: Record<string, string> = { ...answer.headers };
  if (!bodyless && headers["content-length"] === undefined) {
    headers["content-length"] = String(body.length);
  }
  response.writeHead(answer.status, headers);
  response.end(bodyless || method === "HEAD" ? undefined : body);
}
