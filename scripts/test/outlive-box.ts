/** A box under `start` from its launch to its end: its time is moved in the database instead of waited for. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { connectTarget, createStore } from "@airlock/jobs-store";
import { KNOWN_SESSIONS } from "@airlock/local-aws";
import type { Run } from "./harness.ts";

const LIMIT_MS = 30_000;
const silent = { info() {}, warn() {}, error() {} };

// biome-ignore lint/suspicious/noExplicitAny: bodies of every shape are looked into
type Body = any;

/** Warned, extended, and expired: asserts each, and that nothing is left of it. */
export async function outliveBox(
  run: Run,
  databaseUrl: string,
  kubeconfigFile: string,
): Promise<void> {
  const ask = async (method: string, path: string, body?: object, key?: string): Promise<Body> => {
    const headers = {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(body && { "content-type": "application/json" }),
    };
    const sent = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(run.gateway + path, sent);
    const answer = await response.json();
    assert.equal(response.status, 200, JSON.stringify(answer));
    return answer;
  };
  const { accessKeyId, secretAccessKey, sessionToken } = KNOWN_SESSIONS.otherGpuUser;
  const { api_key: key } = await ask("POST", "/v1/auth/aws-login", {
    aws_access_key_id: accessKeyId,
    aws_secret_access_key: secretAccessKey,
    aws_session_token: sessionToken,
  });
  const { job_id } = await ask(
    "POST",
    "/v1/jobs/submit",
    { image: "example.com/box:1", duration_hours: 1, env_vars: { GPU_TYPE: "h100" } },
    key,
  );
  const until = async (isSo: (job: Body) => boolean): Promise<Body> => {
    for (const startedMs = performance.now(); ; ) {
      const job = await ask("GET", `/v1/jobs/${job_id}`, undefined, key);
      if (isSo(job)) return job;
      assert.ok(performance.now() - startedMs < LIMIT_MS, JSON.stringify(job));
      await sleep(50);
    }
  };
  const { pod_name } = await until(({ status }) => status === "active");
  assert.ok((await podNames(kubeconfigFile)).includes(pod_name));
  const store = createStore({
    ...connectTarget(databaseUrl),
    pool: { min: 0, max: 1 },
    connectTimeoutMs: 5000,
    statementTimeoutMs: 5000,
    log: silent,
  });
  const moveEnd = (seconds: number) =>
    store.pool.query(
      `UPDATE reservations SET due_at = now(), expires_at = now() + make_interval(secs => $2),
         launched_at = launched_at - (expires_at - (now() + make_interval(secs => $2)))
       WHERE reservation_id = $1`,
      [job_id, seconds],
    );
  try {
    await moveEnd(19.5 * 60);
    const warned = await until(({ warning }) => warning !== undefined);
    assert.match(warned.warning, /^INFO: job .{8} ends in 20 minutes, at \d\d:\d\d UTC\./);
    await ask("POST", `/v1/jobs/${job_id.slice(0, 8)}/extend`, { extension_hours: 1 }, key);
    const extended = await until(({ expires_at }) => expires_at !== warned.expires_at);
    assert.equal(Date.parse(extended.expires_at) - Date.parse(warned.expires_at), 3_600_000);
    assert.equal(extended.warning, undefined, "an extension takes it back");
    await moveEnd(4.5 * 60);
    const { warning } = await until((job) => job.warning !== undefined);
    assert.match(warning, /^WARNING: job .{8} ends in 5 minutes/);
    // its end and the grace
    await moveEnd(-121);
    await until(({ status }) => status === "expired");
  } finally {
    await store.close();
  }
  assert.deepEqual(
    (await podNames(kubeconfigFile)).filter((name) => name === pod_name),
    [],
  );
}

async function podNames(kubeconfigFile: string): Promise<string[]> {
  const { clusters, users } = JSON.parse(await readFile(kubeconfigFile, "utf8"));
  const response = await fetch(`${clusters[0].cluster.server}/api/v1/namespaces/gpu-dev/pods`, {
    headers: { authorization: `Bearer ${users[0].user.token}` },
  });
  const answer: Body = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer.items.map((pod: Body) => pod.metadata.name);
}
