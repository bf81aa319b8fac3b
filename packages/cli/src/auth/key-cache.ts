/**
 * `~/.gpu-dev/credentials`: the API key of the last login, in the seed's form, `api_key` and
 * `expires_at`; what is beside them its client does not look at.
 */
import { rm } from "node:fs/promises";
import { codeOf } from "../cli-error.ts";
import { keepPrivate } from "../files/keep-private.ts";
import { fileError, privateFolder, readIfThere, writeWhole } from "../files/private-file.ts";
import { createLoginLock, type LoginLockOptions } from "./login-lock.ts";

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

export function createKeyCache(options: LoginLockOptions): KeyCache {
  const { home, output } = options;
  const lock = createLoginLock(options);
  let kept: Promise<unknown> | undefined;
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
    alone: lock.alone,
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
