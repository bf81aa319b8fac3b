/** `~/.gpu-dev/credentials.lock`: one login at a time among all processes with this home. */
import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { codeOf } from "../cli-error.ts";
import type { Clock } from "../clock.ts";
import type { Home } from "../files/home.ts";
import { privateFolder } from "../files/private-file.ts";
import type { Output } from "../output/output.ts";

/** A login takes less; whoever held the lock longer is gone. */
const LOCK_LIMIT_MS = 90_000;
const LOCK_PAUSE_MS = 50;
/** Most logins are over by then. */
const LOCK_QUIET_MS = 1000;

export interface LoginLockOptions {
  readonly home: Home;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly output: Pick<Output, "note">;
}

export interface LoginLock {
  /** Runs alone, as far as the home can be written to. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

export function createLoginLock(options: LoginLockOptions): LoginLock {
  const { home, output } = options;
  const lock = `${home.credentials}.lock`;
  let isTold = false;
  // several requests of one command may wait for it
  const tellWaiting = () => {
    if (!isTold) {
      output.note(`Waiting for another gpu-dev to log in. If there is none, remove ${lock}`);
    }
    isTold = true;
  };
  return {
    async alone(work) {
      const release = await take(lock, options, tellWaiting);
      try {
        return await work();
      } finally {
        await release();
      }
    },
  };
}

/**
 * The lock appears by a hard link, with its content, for one process alone. One whose process is gone,
 * or that is too old, is moved away first: of several that find it, one can do that.
 */
async function take(
  lock: string,
  { home, clock, signal }: LoginLockOptions,
  tellWaiting: () => void,
): Promise<() => Promise<void>> {
  const own = `${hostname()} ${process.pid} ${randomUUID()}`;
  const draft = `${lock}.${randomUUID()}`;
  try {
    await privateFolder(home.private);
    await writeFile(draft, own, { flag: "wx", mode: 0o600 });
  } catch {
    // a home that cannot be written to keeps no key either: each process logs in by itself
    return async () => {};
  }
  const began = clock.now();
  try {
    for (;;) {
      try {
        await link(draft, lock);
        break;
      } catch (error) {
        if (codeOf(error) !== "EEXIST") return async () => {};
      }
      const holder = await deadHolder(lock, clock);
      if (holder !== undefined) {
        await moveAway(lock, holder);
        continue;
      }
      if (clock.now() - began >= LOCK_QUIET_MS) tellWaiting();
      await clock.sleep(LOCK_PAUSE_MS, signal);
    }
  } finally {
    await rm(draft, { force: true }).catch(() => {});
  }
  return async () => {
    if ((await contentOf(lock)) === own) await rm(lock, { force: true }).catch(() => {});
  };
}

const contentOf = (path: string): Promise<string | undefined> =>
  readFile(path, "utf8").catch(() => undefined);

/** The content of a lock that nobody holds any more. */
async function deadHolder(lock: string, clock: Clock): Promise<string | undefined> {
  const content = await contentOf(lock);
  if (content === undefined) return undefined;
  const [host, pid] = content.split(" ");
  if (host === hostname() && !isRunning(Number(pid))) return content;
  const age = await stat(lock).then(
    ({ mtimeMs }) => clock.now() - mtimeMs,
    () => 0,
  );
  return age > LOCK_LIMIT_MS ? content : undefined;
}

async function moveAway(lock: string, dead: string): Promise<void> {
  const aside = `${lock}.${randomUUID()}`;
  try {
    await rename(lock, aside);
    // somebody was faster, and what was moved is a new one
    if ((await contentOf(aside)) !== dead) await link(aside, lock).catch(() => {});
  } catch {
    return;
  } finally {
    await rm(aside, { force: true }).catch(() => {});
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}
