/** What another service answers in place of what was asked for: a few words, in time. */
import { addAbortSignal, type Readable } from "node:stream";

/** Refusals are small. */
const MAX_BYTES = 65_536;

/** @returns its beginning where it is longer. @throws when it does not come to its end in time. */
export async function smallText(body: Readable, limitMs: number): Promise<string> {
  addAbortSignal(AbortSignal.timeout(limitMs), body);
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size > MAX_BYTES) break;
  }
  return Buffer.concat(parts).toString("utf8", 0, MAX_BYTES);
}
