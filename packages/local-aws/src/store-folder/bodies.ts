// The bytes of objects beside the journal, each in a file named after its SHA-256; small ones stand in the journal itself.

import { createHash } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { syncFolder } from "./sync-folder.ts";

/** A file of its own would cost more. */
const INLINE_BYTES = 1024;

/** What stands in the journal for some bytes. */
export type KeptBody =
  | { readonly base64: string }
  | { readonly sha256: string; readonly sizeBytes: number };

export class Bodies {
  private readonly folder: string;
  private readonly onDisk: Set<string>;
  /** Of bodies that are in memory, so that none is hashed twice. */
  private readonly names = new WeakMap<Buffer, string>();

  /** @param folder is made when it is not there. */
  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.onDisk = new Set(readdirSync(folder));
  }

  /** On disk when it returns, unless it goes into the journal. */
  keep(body: Buffer): KeptBody {
    if (body.length <= INLINE_BYTES) return { base64: body.toString("base64") };
    const sha256 = this.names.get(body) ?? createHash("sha256").update(body).digest("hex");
    this.names.set(body, sha256);
    if (!this.onDisk.has(sha256)) this.write(sha256, body);
    return { sha256, sizeBytes: body.length };
  }

  /** Throws an Error when the file is not there or has another size. */
  read(kept: KeptBody): Buffer {
    if ("base64" in kept) return Buffer.from(kept.base64, "base64");
    const file = join(this.folder, kept.sha256);
    const body = readFileSync(file);
    if (body.length !== kept.sizeBytes) throw new Error(`${file} is damaged`);
    this.names.set(body, kept.sha256);
    return body;
  }

  /** Removes what no body here is, drafts of the dead among it. */
  sweep(inUse: ReadonlySet<string>): void {
    for (const name of this.onDisk) {
      if (inUse.has(name)) continue;
      this.onDisk.delete(name);
      rmSync(join(this.folder, name), { force: true });
    }
  }

  private write(sha256: string, body: Buffer): void {
    const draft = join(this.folder, `${sha256}.new`);
    const descriptor = openSync(draft, "w", 0o600);
    try {
      writeFileSync(descriptor, body);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    const file = join(this.folder, sha256);
    renameSync(draft, file);
    syncFolder(file);
    this.onDisk.add(sha256);
  }
}
