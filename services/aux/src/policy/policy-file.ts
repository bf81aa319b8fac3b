/** The policy in use: read from a file at start, and again whenever that changes. */
import { readFile } from "node:fs/promises";
import { type Followed, fileVersion, followFile } from "@airlock/config";
import type { CallerKind } from "./caller-kind.ts";
import { PolicyError, parsePolicy } from "./parse-policy.ts";
import { OPEN_READS, type Policy } from "./policy.ts";

export interface PolicyFile extends Followed {
  /** The policy that holds now: a memory read. */
  current(): Policy;
  /** False while the file holds something else that cannot be used. */
  isFresh(): boolean;
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
 * Opens a policy file and follows it. What cannot be used leaves the last good policy in place and is
 * logged once.
 *
 * @param callers those whom the policy may name.
 * @throws PolicyError, with a line for each fault, when there is no policy to begin with.
 */
export async function openPolicyFile(
  path: string,
  log: PolicyLog,
  callers?: CallerKind,
): Promise<PolicyFile> {
  const version = await fileVersion(path).catch(() => "");
  let policy = await read(path, callers);
  let fault: string | undefined;
  const followed = followFile(path, {
    version,
    async take() {
      policy = await read(path, callers);
      log.info({ file: path }, "access policy replaced");
    },
    good() {
      fault = undefined;
    },
    failed(error) {
      const { message } = asPolicyError(path, error);
      if (message === fault) return;
      fault = message;
      log.error({ file: path, fault }, "access policy cannot be used; the last good one holds");
    },
  });
  return { current: () => policy, isFresh: () => fault === undefined, ...followed };
}

async function read(path: string, callers: CallerKind | undefined): Promise<Policy> {
  try {
    return parsePolicy(await readFile(path, "utf8"), callers);
  } catch (error) {
    throw asPolicyError(path, error);
  }
}

function asPolicyError(path: string, error: unknown): PolicyError {
  if (error instanceof PolicyError) return error;
  const { code } = error as NodeJS.ErrnoException;
  return new PolicyError([`${path} cannot be read (${code ?? "error"})`]);
}
