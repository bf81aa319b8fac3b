/** `/v1/keys`: a user's own keys. */
import { ApiKeys, ProblemError, RevokedKey, RotatedKey } from "@airlock/contract";
import { type App, problems } from "@airlock/http";
import { API_KEY_PREFIX_PATTERN, KEY_REFUSALS, newApiKey } from "@airlock/identity";
import { findKeyByHash, listKeys, type Queryable, revokeKey, rotateKey } from "@airlock/jobs-store";
import * as z from "zod";
import type { ApiDeps } from "../deps.ts";
import { ROTATION } from "../keys.ts";
import { type User, userOf } from "../users.ts";

export function keyRoutes(app: App, deps: ApiDeps): void {
  const { store, keys, mutate, audit, metrics, ttlSeconds } = deps;

  app.get(
    "/v1/keys",
    {
      schema: {
        summary: "The user's keys that work.",
        tags: ["keys"],
        response: { 200: ApiKeys },
      },
    },
    async (request) => {
      const user = userOf(request);
      const rows = await listKeys(store.pool, user.userId);
      const listed = rows.map((row) => ({
        key_prefix: row.key_prefix,
        description: row.description,
        created_at: row.created_at.toISOString(),
        expires_at: row.expires_at.toISOString(),
        last_used_at: row.last_used_at?.toISOString() ?? null,
        current: row.key_prefix === user.keyPrefix,
      }));
      return { keys: listed, total: listed.length };
    },
  );

  app.post(
    ROTATION,
    {
      schema: {
        summary:
          "Ends the key of this request and gives another, for what is left of the login. Its repeat by Idempotency-Key is 409, for a minute with the key that has ended too.",
        tags: ["keys"],
        response: { 200: RotatedKey, ...problems(409) },
      },
    },
    async (request) => {
      const user = userOf(request);
      let apiKey: string | undefined;
      const { answer } = await mutate(request, async (transaction) => {
        const { key, ...stored } = await replaceKey(transaction, user, ttlSeconds);
        apiKey = key;
        return stored;
      });
      // the key itself was never kept, so it cannot be given again
      if (apiKey === undefined) throw shownOnce();
      keys.forget(user.keyHash);
      metrics.keys.labels("rotated").inc();
      const { key_prefix } = answer;
      audit.done(request, "key_rotated", { key_prefix, ended_prefix: user.keyPrefix });
      return { ...answer, api_key: apiKey };
    },
  );

  app.delete(
    "/v1/keys/:key_prefix",
    {
      schema: {
        summary: "Ends one of the user's keys, everywhere within a second.",
        tags: ["keys"],
        params: z.object({ key_prefix: z.string() }),
        response: { 200: RevokedKey, ...problems(404) },
      },
    },
    async (request) => {
      const { userId, keyHash, keyPrefix: own } = userOf(request);
      const { key_prefix: keyPrefix } = request.params;
      const { answer, isRepeat } = await mutate(request, async (transaction) => {
        const isKnown = API_KEY_PREFIX_PATTERN.test(keyPrefix);
        if (!isKnown || !(await revokeKey(transaction, { userId, keyPrefix }))) throw noSuchKey();
        return { key_prefix: keyPrefix, status: "revoked" as const };
      });
      if (keyPrefix === own) keys.forget(keyHash);
      if (!isRepeat) {
        metrics.keys.labels("revoked").inc();
        audit.done(request, "key_revoked", { key_prefix: keyPrefix });
      }
      return answer;
    },
  );
}

/** @throws ProblemError api_key_revoked when another request was faster. */
async function replaceKey(transaction: Queryable, user: User, ttlSeconds: number) {
  const { key, prefix, hash } = newApiKey();
  const old = await findKeyByHash(transaction, user.keyHash);
  const row =
    old &&
    (await rotateKey(transaction, {
      keyId: old.key_id,
      keyHash: hash,
      keyPrefix: prefix,
      description: "Manually rotated key",
      ttlSeconds,
    }));
  if (!row) throw endedMeanwhile();
  return {
    key,
    key_prefix: prefix,
    user_id: user.userId,
    username: user.username,
    expires_at: row.expires_at.toISOString(),
  };
}

function endedMeanwhile(): ProblemError {
  const { code, detail, wwwAuthenticate } = KEY_REFUSALS.revoked;
  return new ProblemError(code, detail, { headers: { "www-authenticate": wwwAuthenticate } });
}

const shownOnce = () =>
  new ProblemError(
    "answer_not_repeatable",
    "This rotation was carried out, and its key was shown then; log in for another one.",
  );
const noSuchKey = () => new ProblemError("api_key_not_found", "API key not found");
