/** Makes an empty cluster: one superuser, one random password, one database. */
import { type SpawnOptions, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import type { Binaries } from "./binaries.ts";
import { makeOnce } from "./make-once.ts";
import { SERVER_ENVIRONMENT } from "./server-process.ts";
import type { ServerUser } from "./server-user.ts";

export const SUPERUSER = "airlock";

/** What a folder holds: the server's files, and the password of its superuser. */
export const dataIn = (folder: string): string => path.join(folder, "data");
const passwordFile = (folder: string): string => path.join(folder, "password");

export const readPassword = (folder: string): Promise<string> =>
  readFile(passwordFile(folder), "utf8");

/** Removes what `initialise` made. */
export async function empty(folder: string): Promise<void> {
  await rm(dataIn(folder), { recursive: true, force: true });
  await rm(passwordFile(folder), { force: true });
}

/**
 * @returns false when the folder already holds a cluster.
 * @throws Error with initdb's own words.
 */
export async function initialise(
  folder: string,
  binaries: Binaries,
  user: ServerUser | undefined,
): Promise<boolean> {
  const data = dataIn(folder);
  const version = await readFile(path.join(data, "PG_VERSION"), "utf8").catch(() => undefined);
  if (version !== undefined) return false;
  await empty(folder);
  const password = passwordFile(folder);
  await writeFile(password, randomBytes(24).toString("base64url"), { mode: 0o600 });
  // made aside: an initdb that was cut off leaves nothing that looks like a cluster
  const draft = `${data}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  if (user) for (const place of [password, draft]) await chown(place, user.uid, user.gid);
  await runInitdb(binaries, draft, password, user);
  await rename(draft, data);
  return true;
}

/**
 * The same by copying, for clusters that live as long as one test file: half a second less for each.
 * They share the password of the copied one, which belongs to the same user of the machine.
 */
export async function copyInitialised(
  folder: string,
  binaries: Binaries,
  user: ServerUser | undefined,
): Promise<void> {
  const owner = user?.uid ?? process.getuid?.();
  const name = `airlock-postgres-${binaries.version}-initial-${owner}`;
  const initial = await makeOnce(name, user, async (draft) => {
    await initialise(draft, binaries, user);
  });
  // as the server's user, so that everything belongs to them
  await run("cp", ["-R", dataIn(initial), passwordFile(initial), folder], { ...user, cwd: folder });
}

/** The first major versions that have them. */
const BUILTIN_LOCALES = 17;
const SCRAM_ITERATIONS = 16;

async function runInitdb(
  { initdb, version }: Binaries,
  data: string,
  password: string,
  user: ServerUser | undefined,
): Promise<void> {
  const major = Number.parseInt(version, 10);
  const options = [
    ...["--pgdata", data, "--username", SUPERUSER, "--pwfile", password],
    ...["--auth", "scram-sha-256", "--encoding", "UTF8"],
    // the same order of texts on every machine, and fast
    ...(major >= BUILTIN_LOCALES
      ? ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
      : []),
    ...["--locale", "C"],
    // many rounds protect guessable passwords; this one has 192 bits and is new for each folder
    ...(major >= SCRAM_ITERATIONS ? ["--set", "scram_iterations=1"] : []),
    // nothing is in it yet that a crash of the machine could take
    "--no-sync",
  ];
  await run(initdb, options, { ...user, cwd: data });
}

async function run(command: string, args: readonly string[], options: SpawnOptions): Promise<void> {
  const child = spawn(command, args, {
    ...options,
    env: SERVER_ENVIRONMENT,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said = child.stderr ? text(child.stderr) : "";
  const [code] = (await once(child, "close")) as [number | null];
  const name = path.basename(command);
  if (code !== 0) throw new Error(`${name} failed (${code}): ${(await said).trim()}`);
}
