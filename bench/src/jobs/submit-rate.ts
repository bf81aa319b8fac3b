/** Submits at a fixed rate, each by another user: what they wait, at the percentiles that users notice. */
import { Agent, request } from "node:http";
import { newApiKey } from "../../../packages/identity/src/index.ts";
import type { Queryable } from "../../../packages/jobs-store/src/index.ts";
import { percentile } from "../statistics.ts";
import { KEYS, USERS } from "./filled-database.ts";
import type { Rig } from "./rig.ts";

export const PER_SECOND = 500;
const CONNECTIONS = 64;
const BODY = JSON.stringify({
  image: "pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime",
  instance_type: "p5.48xlarge",
  duration_hours: 4,
  command: "python train.py --epochs 100",
  env_vars: { WANDB_API_KEY: "a-key-of-another-service", GITHUB_USER: "octocat" },
});

/** One for each user, beside those that fill the table: only who made a key can present it. */
const insertKeys = (db: Queryable, hashes: readonly string[]) =>
  db.query(
    `INSERT INTO api_keys (user_id, key_hash, key_prefix, expires_at, login_expires_at)
     SELECT n, hash, 'rate-' || n, now() + interval '1 day', now() + interval '1 day'
     FROM unnest($1::text[]) WITH ORDINALITY AS made (hash, n)`,
    [hashes],
  );

/** @returns a table, in Markdown. */
export async function measureSubmits(
  { url, store }: Rig,
  durationMs: number,
  say: (text: string) => void,
): Promise<string> {
  const total = Math.floor((durationMs / 1000) * PER_SECOND);
  const keys = Array.from({ length: Math.min(total, USERS) }, newApiKey);
  await insertKeys(
    store.pool,
    keys.map(({ hash }) => hash),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const key = (n: number) => keys[n % keys.length]?.key ?? "";
  // connections and code that are cold would be measured instead
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, n) => submit(url, agent, key(n))));
  say(`${total} submits at ${PER_SECOND} a second`);
  const statuses = new Map<number, number>();
  const startedAt = performance.now();
  const waits = await Promise.all(
    Array.from({ length: total }, async (_, n) => {
      const dueAt = startedAt + (n / PER_SECOND) * 1000;
      await new Promise((due) => setTimeout(due, Math.max(1, dueAt - performance.now())));
      const status = await submit(url, agent, key(n));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      // from when it was due: one that had to wait for a connection is late itself
      return performance.now() - dueAt;
    }),
  );
  const perSecond = total / ((performance.now() - startedAt) / 1000);
  agent.destroy();
  const at = (share: number) => `${percentile(waits, share).toFixed(1)} ms`;
  const answers = [...statuses].map(([status, count]) => `${status} × ${count}`).join(", ");
  return [
    `Submits over HTTP at ${PER_SECOND} a second, ${USERS} users, ${KEYS} keys, each request by another user:`,
    "",
    "| p50 | p95 | p99 | carried out | answers |",
    "|---|---|---|---|---|",
    `| ${at(0.5)} | ${at(0.95)} | ${at(0.99)} | ${perSecond.toFixed(0)} a second | ${answers} |`,
  ].join("\n");
}

function submit(url: string, agent: Agent, key: string): Promise<number> {
  const headers = {
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(BODY),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${url}/v1/jobs/submit`,
      { method: "POST", headers, agent },
      (incoming) => {
        incoming
          .resume()
          .on("error", reject)
          .on("end", () => resolve(incoming.statusCode ?? 0));
      },
    );
    outgoing.on("error", reject).end(BODY);
  });
}
