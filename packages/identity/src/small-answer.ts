/** What is read of an answer that is small, and what is told of none. */
import { type Dispatcher, errors } from "undici";

/** Undefined for a body that is too large. */
export async function readText(
  body: Dispatcher.ResponseData["body"],
  maxBytes: number,
): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) return undefined; // leaving the loop ends the connection
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** A word and no message: a message can quote a header that was sent. */
export function causeOf(error: unknown): string {
  if (error instanceof errors.UndiciError) return error.code;
  if (!(error instanceof Error)) return "unknown";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
