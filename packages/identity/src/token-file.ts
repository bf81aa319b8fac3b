/** A token that the kubelet keeps in a file: read in the background, taken from memory by requests. */
import { readFileSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import type { IdentityLog } from "./log.ts";
import { MAX_TOKEN_LENGTH } from "./verify-result.ts";

/** How often the file is looked at; the kubelet renews at 80 % of a life of at least 10 minutes. */
const POLL_MS = 1000;
/** Looks that keep failing are logged this often. */
const LOG_EVERY_MS = 30_000;

/** The token file cannot be used. The message names the file, never what is in it. */
export class TokenFileError extends Error {
  constructor(path: string, reason: string) {
    super(`${path} ${reason}`);
    this.name = "TokenFileError";
  }
}

export interface TokenFile {
  /** The last good token: a memory read. */
  current(): string;
  /** Looks at the file now rather than at the next poll. Never rejects. */
  refresh(): Promise<void>;
  close(): void;
}

/**
 * Reads a token once, synchronously, for use at start.
 *
 * @throws TokenFileError when the file is missing, unreadable, empty or no token.
 */
export function readTokenFile(path: string): string {
  try {
    return tokenOf(path, readFileSync(path, "utf8"));
  } catch (error) {
    throw asTokenFileError(path, error);
  }
}

/**
 * Opens a token file and follows it. The kubelet swaps the symlink `..data` that the path leads
 * through, so the file at its end is another one after each renewal: `stat` sees that, a watch on
 * the file would not. While the file is unreadable the last good token stays.
 *
 * @throws TokenFileError when there is no token to begin with.
 */
export function openTokenFile(path: string, log: IdentityLog): TokenFile {
  let token = readTokenFile(path);
  // unknown at first, so the first poll reads again what may have changed since
  let version = "";
  let failures = 0;
  let loggedAtMs = Number.NEGATIVE_INFINITY;

  const look = async () => {
    try {
      // before the read: a swap between the two is seen at the next look
      const found = await versionOf(path);
      if (found === version) return succeed();
      const next = tokenOf(path, await readFile(path, "utf8"));
      version = found;
      succeed();
      if (next === token) return;
      token = next;
      log.info({ file: path }, "layer token replaced");
    } catch (error) {
      fail(asTokenFileError(path, error));
    }
  };
  const succeed = () => {
    if (failures > 1) log.info({ file: path, failures }, "layer token can be read again");
    failures = 0;
  };
  const fail = (error: TokenFileError) => {
    failures++;
    version = "";
    const at = performance.now();
    // once alone is a swap under way: the old file went between the look and the read
    if (failures < 2 || at - loggedAtMs < LOG_EVERY_MS) return;
    loggedAtMs = at;
    log.error({ error, failures }, "layer token cannot be read; the last good one is in use");
  };

  let looking: Promise<void> | undefined;
  const refresh = () => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const timer = setInterval(() => void refresh(), POLL_MS).unref();
  return { current: () => token, refresh, close: () => clearInterval(timer) };
}

/** What tells one file from the next: kubelet's swap changes inode and times, a rewrite the times. */
async function versionOf(path: string): Promise<string> {
  const { ino, mtimeNs, ctimeNs, size } = await stat(path, { bigint: true });
  return `${ino}:${mtimeNs}:${ctimeNs}:${size}`;
}

function tokenOf(path: string, text: string): string {
  const token = text.trim();
  if (token === "") throw new TokenFileError(path, "is empty");
  if (token.length > MAX_TOKEN_LENGTH) throw new TokenFileError(path, "is too large for a token");
  // anything else would end or split the header
  if (!/^[\x21-\x2b\x2d-\x7e]+$/.test(token)) throw new TokenFileError(path, "holds no token");
  return token;
}

function asTokenFileError(path: string, error: unknown): TokenFileError {
  if (error instanceof TokenFileError) return error;
  const code = (error as { code?: unknown } | undefined)?.code;
  return new TokenFileError(path, `cannot be read (${typeof code === "string" ? code : "error"})`);
}
