/** API keys at the door: found by their hash, remembered for a second, noted as used. */
import { ProblemError } from "@airlock/contract";
import {
  type AllowedIdentity,
  createKeyChecker,
  judgeKey,
  type KeyLookup,
  keyCaller,
} from "@airlock/identity";
import { findKeyByHash, type Store } from "@airlock/jobs-store";
import type { onRequestAsyncHookHandler } from "fastify";
import type { JobsMetrics } from "./jobs-metrics.ts";
import type { LastUsed } from "./last-used.ts";

export interface Keys {
  /** Lets a request in by its key, or throws. */
  readonly authenticate: onRequestAsyncHookHandler;
  /** What the database says of a key now. */
  lookUp(hash: string): Promise<KeyLookup>;
  /** Forgets what is remembered of a key that was just ended here. */
  forget(hash: string): void;
}

export interface KeysOptions {
  readonly store: Store;
  readonly allowed: AllowedIdentity;
  readonly lastUsed: LastUsed;
  readonly metrics: Pick<JobsMetrics, "keyChecks">;
}

export function createKeys({ store, allowed, lastUsed, metrics }: KeysOptions): Keys {
  const lookUp = async (hash: string): Promise<KeyLookup> => {
    const row = await findKeyByHash(store.pool, hash);
    const found = judgeKey(
      row && {
        userId: row.user_id,
        username: row.username,
        account: row.aws_account,
        role: row.aws_role,
        session: row.aws_session,
        keyPrefix: row.key_prefix,
        isUserActive: row.is_active,
        isKeyActive: !row.revoked,
        expiresAt: row.expires_at,
        remainingMs: row.expires_in_ms,
      },
      allowed,
    );
    if (row && found.state === "valid") lastUsed.note(row.key_id);
    return found;
  };
  const checker = createKeyChecker({ lookup: lookUp });
  return {
    async authenticate(request) {
      const verdict = await checker.check(request.raw.rawHeaders);
      metrics.keyChecks.labels(verdict.ok ? "valid" : verdict.state).inc();
      if (!verdict.ok) {
        const headers = { "www-authenticate": verdict.wwwAuthenticate };
        throw new ProblemError(verdict.code, verdict.detail, { headers });
      }
      const { key, hash } = verdict;
      request.caller = keyCaller(key);
      request.user = {
        userId: key.user_id,
        username: key.username,
        keyPrefix: key.key_prefix,
        keyHash: hash,
      };
    },
    async lookUp(hash) {
      const found = await lookUp(hash);
      metrics.keyChecks.labels(found.state).inc();
      return found;
    },
    forget: checker.forget,
  };
}
