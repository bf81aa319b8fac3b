/** A Secret as files, put anew as a kubelet does it: all at once, by a link that is turned. */
import {
  chownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ProcessUser } from "./container-process.ts";

export class SecretFolder {
  readonly path: string;
  readonly #user: ProcessUser | undefined;
  #turns = 0;
  #written: string | undefined;

  constructor(path: string, user: ProcessUser | undefined) {
    this.path = path;
    this.#user = user;
  }

  /** @param data as a Secret has it. @returns false when that is what is there. */
  write(data: Readonly<Record<string, string>>): boolean {
    const text = JSON.stringify(data);
    if (text === this.#written) return false;
    this.#written = text;
    mkdirSync(this.path, { recursive: true, mode: 0o755 });
    const name = `..${++this.#turns}`;
    mkdirSync(join(this.path, name), { mode: 0o755 });
    for (const [key, value] of Object.entries(data)) {
      const file = join(this.path, name, key);
      writeFileSync(file, Buffer.from(value, "base64"), { mode: 0o400 });
      if (this.#user) chownSync(file, this.#user.uid, this.#user.gid);
    }
    this.#link(name, "..data");
    for (const key of Object.keys(data)) this.#link(join("..data", key), key);
    const kept = new Set([name, "..data", ...Object.keys(data)]);
    for (const old of readdirSync(this.path)) {
      if (!kept.has(old)) rmSync(join(this.path, old), { recursive: true, force: true });
    }
    return true;
  }

  #link(target: string, name: string): void {
    const draft = join(this.path, "..draft");
    symlinkSync(target, draft);
    renameSync(draft, join(this.path, name));
  }
}
