/** Splits a stream into lines, none of them longer than it may be. */

/** A line is longer than any object may be: the stream is no watch. */
export class LineTooLong extends Error {}

export async function* linesOf(
  parts: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<string, void> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const part of parts) {
    let from = 0;
    for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, from)) {
      const line = Buffer.concat([...begun, part.subarray(from, at)]);
      from = at + 1;
      begun = [];
      begunBytes = 0;
      if (line.length > 0) yield line.toString();
    }
    if (from < part.length) {
      begun.push(part.subarray(from));
      begunBytes += part.length - from;
    }
    if (begunBytes > maxBytes) throw new LineTooLong();
  }
  // what has no end of line was cut off
}
