/** API keys at the door: found by their hash, remembered for a second, noted as used, and limited. */
import { ProblemError } from "@airlock/contract";
import type { RateLimit } from "@airlock/http";
import {
  type AllowedIdentity,
  callerHeaders,
  createKeyChecker,
  type GoodKey,
  judgeKey,
  type KeyLookup,
  keyCaller,
  presentedKeyHash,
} from "@airlock/identity";
import { findKeyByHash, findRotation, type Store } from "@airlock/jobs-store";
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from "fastify";
import type { JobsMetrics } from "./jobs-metrics.ts";
import type { LastUsed } from "./last-used.ts";
import { idempotencyKeyOf, placeOf } from "./mutations.ts";

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
  /** For one user; for one address where the user is not known. */
  readonly limit: RateLimit | undefined;
  /** For one key: whatever else its owner does goes on. */
  readonly keyLimit: RateLimit | undefined;
  /** The peers are gateways: what none of them tells the address of counts for nobody. */
  readonly isBehindGateways: boolean;
}

export const ROTATION = "/v1/keys/rotate";
/** As long as a client may take to ask for a rotation again whose answer it has not seen. */
const AGAIN_SECONDS = 60;

export function createKeys(options: KeysOptions): Keys {
  const { store, allowed, lastUsed, metrics, limit, keyLimit, isBehindGateways } = options;

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

  const enter = (request: FastifyRequest, reply: FastifyReply, { key, hash }: GoodKey) => {
    metrics.keyChecks.labels("valid").inc();
    const caller = keyCaller(key);
    request.caller = caller;
    request.user = {
      userId: key.user_id,
      username: key.username,
      keyPrefix: key.key_prefix,
      keyHash: hash,
    };
    reply.headers(callerHeaders(caller) ?? {}); // for the limits of the gateway, which knows no keys
    // first: a key that is over its own limit takes nothing of its owner's
    keyLimit?.spend(request, `${caller} ${key.key_prefix}`);
    limit?.spend(request);
  };

  /** The key that a rotation has just ended asks for that rotation again: told so, and let in no further. */
  const enterAgain = async (request: FastifyRequest): Promise<boolean> => {
    const key = request.route.url === ROTATION && idempotencyKeyOf(request);
    const keyHash = presentedKeyHash(request.raw.rawHeaders);
    if (!key || keyHash === undefined) return false;
    const place = placeOf(request, key);
    const owner = await findRotation(store.pool, {
      ...place,
      keyHash,
      withinSeconds: AGAIN_SECONDS,
    });
    if (owner === undefined) return false;
    const { user_id: userId, username, key_prefix: keyPrefix } = owner;
    request.user = { userId, username, keyPrefix, keyHash };
    return true;
  };

  return {
    async authenticate(request, reply) {
      const { rawHeaders } = request.raw;
      const known = checker.known(rawHeaders);
      if (known) return enter(request, reply, known);
      const isCounted = request.isClientTold || !isBehindGateways;
      const held = isCounted ? await limit?.hold(request) : undefined;
      let isGood = false;
      try {
        const verdict = await checker.check(rawHeaders);
        isGood = verdict.ok;
        if (verdict.ok) return enter(request, reply, verdict);
        metrics.keyChecks.labels(verdict.state).inc();
        if (verdict.state === "revoked" && (await enterAgain(request))) return;
        const headers = { "www-authenticate": verdict.wwwAuthenticate };
        throw new ProblemError(verdict.code, verdict.detail, { headers });
      } finally {
        held?.settle(isGood);
      }
    },
    async lookUp(hash) {
      const found = await lookUp(hash);
      metrics.keyChecks.labels(found.state).inc();
      return found;
    },
    forget: checker.forget,
  };
}
