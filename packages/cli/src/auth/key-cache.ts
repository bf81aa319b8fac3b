/**
 * `~/.gpu-dev/credentials`: the API key of the last login, in the seed's form, `api_key` and
 * `expires_at`; what is beside them its client does not look at.
 */
import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { codeOf } from "../cli-error.ts";
import type { Clock } from "../clock.ts";
import type { Home } from "../files/home.ts";
import { keepPrivate } from "../files/keep-private.ts";
import { fileError, privateFolder, readIfThere, writeWhole } from "../files/private-file.ts";
import type { Output } from "../output/output.ts";

export interface CachedKey {
  readonly api_key: string;
  /** RFC 3339. */
  readonly expires_at: string;
  /** Whose key it is: never sent elsewhere. Absent in files of the seed's client. */
  readonly api_url?: string | undefined;
  readonly username?: string | undefined;
  readonly aws_arn?: string | undefined;
}

export interface KeyCache {
  /** Undefined for none, and for what is no such file: a login writes it anew. @throws CliError */
  read(url: URL): Promise<CachedKey | undefined>;
  /** The same, of whatever address it is. */
  readAny(): Promise<CachedKey | undefined>;
  /** @throws CliError */
  write(key: CachedKey): Promise<void>;
  /** @returns whether there was one. @throws CliError */
  remove(): Promise<boolean>;
  /** Runs alone among all processes with this home, as far as it can be written to. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

/** A login takes less; whoever held the lock longer is gone. */
const LOCK_LIMIT_MS = 90_000;
const LOCK_PAUSE_MS = 50;
/** Most logins are over by then. */
const LOCK_QUIET_MS = 1000;

export interface KeyCacheOptions {
  readonly home: Home;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly output: Output;
}

export function createKeyCache(options: KeyCacheOptions): KeyCache {
  const { home, output } = options;
  const lock = `${home.credentials}.lock`;
  let kept: Promise<unknown> | undefined;
  let isTold = false;
  // several requests of one command may wait for it
  const tellWaiting = () => {
    if (!isTold) {
      output.note(`Waiting for another gpu-dev to log in. If there is none, remove ${lock}`);
    }
    isTold = true;
  };
  const readAny = async () => {
    const text = await readIfThere(home.credentials);
    if (text === undefined) return undefined;
    // two requests at once need it told once
    kept ??= keepPrivate(home.credentials, home, output);
    await kept;
    return parseKey(text);
  };
  return {
    readAny,
    async read(url) {
      const key = await readAny();
      // a key without an address is of the seed's client, which has one configuration with us
      return key && (key.api_url === undefined || key.api_url === url.href) ? key : undefined;
    },
    async write(key) {
      await privateFolder(home.private);
      await writeWhole(home.credentials, `${JSON.stringify(key, undefined, 2)}\n`);
    },
    async remove() {
      try {
        await rm(home.credentials);
        return true;
      } catch (error) {
        if (codeOf(error) === "ENOENT") return false;
        throw fileError("write", home.credentials, error);
      }
    },
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

function parseKey(text: string): CachedKey | undefined {
  try {
    const { api_key, expires_at, ...others }: Record<string, unknown> = JSON.parse(text);
    if (typeof api_key !== "string" || typeof expires_at !== "string") return undefined;
    // it becomes a header
    if (!/^[\x21-\x7e]{16,512}$/.test(api_key) || Number.isNaN(Date.parse(expires_at)))
      return undefined;
    const textOf = (value: unknown) => (typeof value === "string" ? value : undefined);
    const { api_url, username, aws_arn } = others;
    return {
      api_key,
      expires_at,
      api_url: textOf(api_url),
      username: textOf(username),
      aws_arn: textOf(aws_arn),
    };
  } catch {
    return undefined;
  }
}

/**
 * The lock appears by a hard link, with its content, for one process alone. One whose process is gone,
 * or that is too old, is moved away first: of several that find it, one can do that.
 */
async function take(
  lock: string,
  { home, clock, signal }: KeyCacheOptions,
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
