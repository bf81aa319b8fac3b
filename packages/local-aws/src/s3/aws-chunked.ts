// Decodes the aws-chunked content coding, in which SDKs send streams with a checksum in a trailer.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html

import { AwsError } from "../aws-error.ts";

export interface Decoded {
  readonly body: Buffer;
  /** Lower-case names. */
  readonly trailers: Readonly<Record<string, string>>;
}

const incomplete = () =>
  new AwsError("IncompleteBody", 400, "The request body terminated unexpectedly");

/** The bytes between the chunk frames, and the trailer after them. Throws IncompleteBody. */
export function decodeAwsChunked(framed: Buffer): Decoded {
  const chunks: Buffer[] = [];
  let at = 0;
  const readLine = (): string => {
    const end = framed.indexOf("\r\n", at);
    if (end < 0) throw incomplete();
    const line = framed.toString("latin1", at, end);
    at = end + 2;
    return line;
  };
  for (;;) {
    // A chunk may be signed; those signatures belong to payload kinds that are refused before this point.
    const [sizeText = ""] = readLine().split(";");
    if (!/^[0-9a-fA-F]{1,8}$/.test(sizeText)) throw incomplete();
    const sizeBytes = Number.parseInt(sizeText, 16);
    if (sizeBytes === 0) break;
    if (at + sizeBytes + 2 > framed.length) throw incomplete();
    chunks.push(framed.subarray(at, at + sizeBytes));
    at += sizeBytes;
    if (readLine() !== "") throw incomplete();
  }
  const trailers: Record<string, string> = {};
  while (at < framed.length) {
    const line = readLine();
    const colon = line.indexOf(":");
    if (colon > 0)
      trailers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { body: Buffer.concat(chunks), trailers };
}
