// Loaded before the stand-in: what it writes reaches the file at the next sync of it, as on a disk that loses its power with
// the process. With PLANTED_FAULT=late every sync of the journal but the first returns before the bytes are there.

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const { writeSync } = fs;
const held = new Map<number, (() => void)[]>();
let syncs = 0;

function hold(
  descriptor: number,
  bytes: Buffer,
  from: number,
  length: number,
  at: number | null = null,
): number {
  const copy = Buffer.from(bytes.subarray(from, from + length));
  const writes = held.get(descriptor) ?? [];
  writes.push(() => void writeSync(descriptor, copy, 0, copy.length, at));
  held.set(descriptor, writes);
  return length;
}

function reach(descriptor: number): void {
  for (const write of held.get(descriptor) ?? []) write();
  held.delete(descriptor);
}

fs.writeSync = hold as typeof fs.writeSync;
fs.fsyncSync = reach;
fs.fdatasyncSync = (descriptor) => {
  syncs += 1;
  if (process.env.PLANTED_FAULT !== "late" || syncs === 1) reach(descriptor);
};

syncBuiltinESMExports();
