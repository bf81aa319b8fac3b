/** The policy in use: read from a file at start, and again whenever that changes. */
import { readFile, stat } from "node:fs/promises";
import type { CallerKind } from "./caller-kind.ts";
import { PolicyError, parsePolicy } from "./parse-policy.ts";
import { OPEN_READS, type Policy } from "./policy.ts";

/** How often the file is looked at; the kubelet takes a minute to put a new one there. */
const POLL_MS = 1000;

export interface PolicyFile {
  /** The policy that holds now: a memory read. */
  current(): Policy;
  /** False while the file holds something else that cannot be used. */
  isFresh(): boolean;
  /** Looks at the file now rather than at the next poll. Never rejects. */
  refresh(): Promise<void>;
  close(): void;
}

export interface PolicyLog {
  info(fields: object, message: string): void;
  warn(message: string): void;
  error(fields: object, message: string): void;
}

/** Without a path, which dev alone may do, everybody reads. @throws PolicyError naming each fault. */
export async function openPolicy(
  path: string | undefined,
  log: PolicyLog,
  callers?: CallerKind,
): Promise<PolicyFile> {
  if (path !== undefined) return openPolicyFile(path, log, callers);
  log.warn("ACCESS_POLICY_FILE is not set: everybody may read everything");
  return {
    current: () => OPEN_READS,
    isFresh: () => true,
    refresh: async () => {},
    close: () => {},
  };
}

/**
 * Opens a policy file and follows it. A ConfigMap's volume swaps a symlink on the way to the file,
 * which `stat` sees and a watch on the file would not. What cannot be used leaves the last good
 * policy in place and is logged once.
 *
 * @param callers those whom the policy may name.
 * @throws PolicyError, with a line for each fault, when there is no policy to begin with.
 */
export async function openPolicyFile(
  path: string,
  log: PolicyLog,
  callers?: CallerKind,
): Promise<PolicyFile> {
  let version = await versionOf(path).catch(() => "");
  let policy = await read(path, callers);
  let fault: string | undefined;

  const look = async () => {
    try {
      // before the read: a swap between the two is seen at the next look
      const found = await versionOf(path);
      if (found !== version) policy = await read(path, callers);
      fault = undefined;
      if (found === version) return;
      version = found;
      log.info({ file: path }, "access policy replaced");
    } catch (error) {
      const { message } = asPolicyError(path, error);
      if (message === fault) return;
      fault = message;
      log.error({ file: path, fault }, "access policy cannot be used; the last good one holds");
    }
  };

  let looking: Promise<void> | undefined;
  const refresh = () => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const timer = setInterval(() => void refresh(), POLL_MS).unref();
  return {
    current: () => policy,
    isFresh: () => fault === undefined,
    refresh,
    close: () => clearInterval(timer),
  };
}

async function read(path: string, callers: CallerKind | undefined): Promise<Policy> {
  try {
    return parsePolicy(await readFile(path, "utf8"), callers);
  } catch (error) {
    throw asPolicyError(path, error);
  }
}

/** What tells one file from the next: kubelet's swap changes inode and times, a rewrite the times. */
async function versionOf(path: string): Promise<string> {
  const { ino, mtimeNs, ctimeNs, size } = await stat(path, { bigint: true });
  return `${ino}:${mtimeNs}:${ctimeNs}:${size}`;
}

function asPolicyError(path: string, error: unknown): PolicyError {
  if (error instanceof PolicyError) return error;
  const { code } = error as NodeJS.ErrnoException;
  return new PolicyError([`${path} cannot be read (${code ?? "error"})`]);
}
