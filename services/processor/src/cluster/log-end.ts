/** The end of a log, so many bytes of it. A server counts a limit of bytes from the beginning, and lines from the end. */

/** What was read of a log. */
export interface LogRead {
  /** As much of its end as was asked for, or somewhat more. */
  readonly end: Buffer;
  readonly sizeBytes: number;
}

/** Reads so many of the last lines, up to READ_BYTES from the first of them on. */
export type ReadLines = (tailLines: number) => Promise<LogRead>;

/** A read of so much was cut where it counts. */
export const READ_BYTES = 8 * 1024 * 1024;
/** As many as anybody may ask for. */
const LINES = 10_000;
/** A node writes what is longer than 16 KiB as several lines, so that these are read whole. */
const LONG_LINES = 250;

/**
 * @param tailLines no more than these. Default: whatever fits.
 * @returns the last bytes, from the beginning of a line on.
 */
export async function readLogEnd(
  read: ReadLines,
  lastBytes: number,
  tailLines = Number.POSITIVE_INFINITY,
): Promise<Buffer> {
  const lines = Math.min(LINES, tailLines);
  const first = await read(lines);
  if (first.sizeBytes >= READ_BYTES) {
    return fromLineOn((await read(Math.min(LONG_LINES, lines))).end, lastBytes);
  }
  const mayBeMore = lines < tailLines && linesIn(first.end) >= lines;
  if (first.sizeBytes >= lastBytes || !mayBeMore) return fromLineOn(first.end, lastBytes);
  // a line has a byte at least
  const short = await read(Math.min(lastBytes, tailLines));
  return fromLineOn(short.sizeBytes < READ_BYTES ? short.end : first.end, lastBytes);
}

const NEW_LINE = 10;
const LONG_LINE_BYTES = 8192;

/** What is left of a line goes, unless it may be most of what there is: a bar of progress is one line. */
function fromLineOn(end: Buffer, lastBytes: number): Buffer {
  if (end.length <= lastBytes) return end;
  const last = end.subarray(-lastBytes);
  const at = last.subarray(0, LONG_LINE_BYTES).indexOf(NEW_LINE);
  return at === -1 ? last : last.subarray(at + 1);
}

function linesIn(text: Buffer): number {
  let count = 0;
  for (let at = text.indexOf(NEW_LINE); at !== -1; at = text.indexOf(NEW_LINE, at + 1)) count++;
  // the last one may not have ended
  return text.length > 0 && text.at(-1) !== NEW_LINE ? count + 1 : count;
}
