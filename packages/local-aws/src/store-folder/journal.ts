// An append-only file of changes, one a line with a checksum before it: what was half written when a process died is known.

import { closeSync, fdatasyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { syncFolder } from "./sync-folder.ts";

/** The first line: whoever changes what the lines mean changes this. */
const HEADER = { journal: 1 };
const NEWLINE = 10;
/** Lines are gathered up to about this many characters before they are written. */
const BATCH_CHARACTERS = 2 ** 20;

/** Throws an Error when a line in the middle is not whole, or the file is of another version. */
export function readJournal(file: string): unknown[] {
  const bytes = readFileSync(file);
  const lines: unknown[] = [];
  let isTorn = false;
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, start);
    const line = end < 0 ? undefined : wholeLine(bytes.toString("utf8", start, end));
    // the end of what no answer was ever given to; anything whole after it was answered for
    if (isTorn && line !== undefined) throw new Error(`${file} is damaged`);
    if (line === undefined) isTorn = true;
    else lines.push(line);
    start = end < 0 ? bytes.length : end + 1;
  }
  const [header, ...changes] = lines;
  if (JSON.stringify(header) !== JSON.stringify(HEADER)) {
    throw new Error(`${file} is damaged, or of another version`);
  }
  return changes;
}

/** Replaces the file as a whole, or not at all. */
export function writeJournal(file: string, changes: Iterable<unknown>): Journal {
  const draft = `${file}.new`;
  const journal = new Journal(openSync(draft, "w", 0o600));
  try {
    journal.append([HEADER]);
    journal.append(changes);
    renameSync(draft, file);
    syncFolder(file);
  } catch (error) {
    journal.close();
    throw error;
  }
  return journal;
}

export class Journal {
  private readonly descriptor: number;
  private sizeBytes = 0;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /** On disk when it returns. What it throws at is written over by the next call. */
  append(changes: Iterable<unknown>): void {
    let at = this.sizeBytes;
    let batch = "";
    const write = () => {
      at += writeAll(this.descriptor, Buffer.from(batch), at);
      batch = "";
    };
    for (const change of changes) {
      const json = JSON.stringify(change);
      batch += `${checksum(json)} ${json}\n`;
      if (batch.length >= BATCH_CHARACTERS) write();
    }
    write();
    fdatasyncSync(this.descriptor);
    this.sizeBytes = at;
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

function writeAll(descriptor: number, bytes: Buffer, position: number): number {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
  }
  return done;
}

function wholeLine(line: string): unknown {
  const [sum, json] = [line.slice(0, 8), line.slice(9)];
  return checksum(json) === sum ? JSON.parse(json) : undefined;
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, "0");
