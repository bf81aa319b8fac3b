/** A token that the kubelet keeps in a file: read in the background, taken from memory by requests. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createLogPace, type Followed, followFile } from "@airlock/config";
import type { IdentityLog } from "./log.ts";
import { MAX_TOKEN_LENGTH } from "./verify-result.ts";

/** The token file cannot be used. The message names the file, never what is in it. */
export class TokenFileError extends Error {
  constructor(path: string, reason: string) {
    super(`${path} ${reason}`);
    this.name = "TokenFileError";
  }
}

export interface TokenFile extends Followed {
  /** The last good token: a memory read. */
  current(): string;
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
 * Opens a token file and follows it. While the file is unreadable the last good token stays.
 *
 * @throws TokenFileError when there is no token to begin with.
 */
export function openTokenFile(path: string, log: IdentityLog): TokenFile {
  let token = readTokenFile(path);
  let failures = 0;
  const isLogged = createLogPace();
  const followed = followFile(path, {
    version: "", // what may have changed since is read again
    async take() {
      const next = tokenOf(path, await readFile(path, "utf8"));
      if (next === token) return;
      token = next;
      log.info({ file: path }, "layer token replaced");
    },
    good() {
      if (failures > 1) log.info({ file: path, failures }, "layer token can be read again");
      failures = 0;
    },
    failed(cause) {
      failures++;
      // once alone is a swap under way: the old file went between the look and the read
      if (failures < 2 || !isLogged(false)) return;
      const error = asTokenFileError(path, cause);
      log.error({ error, failures }, "layer token cannot be read; the last good one is in use");
    },
  });
  return { current: () => token, ...followed };
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
