/** The life of a job, on a real database and a cluster in memory. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { ClusterError } from "../src/cluster/index.ts";
import { playCluster } from "./played-cluster.ts";
import { openWorld, startPostgres, withProcessorsRights, work } from "./world.ts";

const postgres = await startPostgres();
const world = await openWorld(postgres);
const cluster = playCluster();
cluster.addNode("n1", { gpus: 8 });
cluster.addNode("n2", { gpus: 8 });
const limited = await withProcessorsRights(world);
const processors = [work(limited, cluster), work(limited, cluster)];
after(async () => {
  await Promise.all(processors.map((processor) => processor.stop()));
  await limited.store.close();
  await world.store.close();
  await postgres.stop();
});

const podOf = (jobId: string) => `gpu-dev-${jobId}`;
const kinds = async (jobId: string) => (await world.events(jobId)).map(({ kind }) => kind);
/** Numbers without gaps, one pod, and nothing left. */
async function assertClean(jobId: string): Promise<void> {
  const events = await world.events(jobId);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
  const made = cluster.created.filter(({ kind, name }) => kind === "pods" && name === podOf(jobId));
  assert.ok(made.length <= 1, `${made.length} pods`);
  assert.ok(!cluster.pods.has(podOf(jobId)));
  assert.ok(![...cluster.secrets.keys()].some((name) => name.startsWith(podOf(jobId))));
  assert.notEqual((await world.job(jobId)).cleaned_at, null);
}

describe("a job with a command", () => {
  test("runs, is over with it, and its log is kept", async () => {
    const jobId = await world.submit({ image: "exit:0", command: "echo hello" });
    cluster.logs.set(podOf(jobId), "hello\0\n");
    const row = await world.until(jobId, "completed");
    assert.equal(row.pod_logs, "hello\n");
    assert.deepEqual(
      row.status_history.map(({ status }) => status),
      ["queued", "preparing", "active", "completed"],
    );
    assert.deepEqual(
      (await kinds(jobId)).filter((kind) => !["waiting", "starting", "progress"].includes(kind)),
      ["submitted", "placed", "pod_made", "active", "command_ended", "log_kept", "completed"],
    );
    await assertClean(jobId);
  });

  test("that fails is failed, with its exit code and its last lines", async () => {
    const jobId = await world.submit({ image: "exit:3", command: "exit 3" });
    cluster.logs.set(podOf(jobId), "one\ntwo\n");
    const row = await world.until(jobId, "failed");
    assert.equal(
      row.failure_reason,
      "The command ended with exit code 3. Its last lines:\none\ntwo",
    );
    await assertClean(jobId);
  });
});

test("variables and command get to one Secret alone, byte for byte", async () => {
  const command = "echo '$(x)' \"$Y\"\n# ünïcode 🚀";
  const variables = { TOKEN: "planted-secret-1", MULTI: "a\nb\t'\"" };
  const jobId = await world.submit({ command, variables });
  await world.until(jobId, "active");
  const made = cluster.created.filter(({ name }) => name.startsWith(podOf(jobId)));
  assert.deepEqual(
    made.map(({ kind }) => kind),
    ["pods", "secrets", "secrets", "services"],
  );
  const data = made[2]?.manifest.data as Record<string, string>;
  const read = (key: string) => Buffer.from(data[key] ?? "", "base64").toString();
  assert.equal(read("AIRLOCK_COMMAND"), command);
  assert.equal(read("TOKEN"), variables.TOKEN);
  assert.equal(read("MULTI"), variables.MULTI);
  const elsewhere = JSON.stringify([
    made[0],
    made[1],
    made[3],
    await world.events(jobId),
    await world.job(jobId),
  ]);
  assert.doesNotMatch(elsewhere, /planted-secret/);
  const { rows } = await world.store.pool.query<{ message: unknown }>(
    "SELECT message FROM pgmq.a_gpu_reservations UNION ALL SELECT message FROM pgmq.q_gpu_reservations",
  );
  assert.doesNotMatch(JSON.stringify(rows), /planted-secret|echo/);
  await world.order(jobId, "cancel");
  await world.until(jobId, "cancelled");
  await assertClean(jobId);
});

test("each try to pull an image is told once, and counted", async () => {
  const jobId = await world.submit({ image: "pull" });
  const show = (reason: string, message: string) => {
    const state = { waiting: { reason, message } };
    const waits = { name: "job", ready: false, restartCount: 0, state, lastState: {} };
    cluster.change(podOf(jobId), (pod) => ({
      ...pod,
      status: { ...pod.status, containerStatuses: [waits] },
    }));
  };
  await eventually(async () => assert.ok((await kinds(jobId)).includes("pod_made")));
  show("ErrImagePull", "429 Too Many Requests");
  const first = "The image is being pulled; the last try failed: 429 Too Many Requests";
  await world.untilTold(jobId, first);
  show("ImagePullBackOff", "Back-off pulling image");
  // a minute goes by
  const { pool } = world.store;
  for (const [table, column] of [
    ["job_events", "at"],
    ["reservations", "status_since"],
  ]) {
    await pool.query(
      `UPDATE ${table} SET ${column} = ${column} - interval '1 minute' WHERE reservation_id = $1`,
      [jobId],
    );
  }
  show("ErrImagePull", "EOF");
  await world.untilTold(jobId, "The image is being pulled; the last try failed: EOF (try 2)");
  const tries = (await world.events(jobId)).filter(({ kind }) => kind === "pull_failed");
  assert.deepEqual(
    tries.map(({ data }) => [data.try, data.words]),
    [
      [1, "429 Too Many Requests"],
      [2, "EOF"],
    ],
  );
  await world.order(jobId, "cancel");
  await world.until(jobId, "cancelled");
  await assertClean(jobId);
});

describe("orders", () => {
  test("a box is extended, and no further than a job may run", async () => {
    const jobId = await world.submit({ hours: 4 });
    const before = await world.until(jobId, "active");
    await world.order(jobId, "extend", { extension_hours: 2 });
    await eventually(async () => {
      const { expires_at, duration_hours } = await world.job(jobId);
      assert.equal(duration_hours, 6);
      assert.equal(Number(expires_at) - Number(before.expires_at), 2 * 3_600_000);
    });
    await world.order(jobId, "extend", { extension_hours: 70 });
    await eventually(async () => {
      const { extension_error, duration_hours } = await world.job(jobId);
      assert.match(extension_error ?? "", /^A job may run 72 hours .* 6\d?\.?\d* are left/);
      assert.equal(duration_hours, 6);
    });
    await world.order(jobId, "cancel");
    await world.until(jobId, "cancelled");
    await assertClean(jobId);
  });

  test("what is accepted while somebody looks at the pod is not undone by what the row said before", async () => {
    const { get } = cluster;
    /** Extends it by two hours while it is looked at, being due to be warned of its end, or to end. */
    const extendWhileLookedAt = async (endsIn: string) => {
      const jobId = await world.submit();
      await world.until(jobId, "active");
      const gate = Promise.withResolvers<void>();
      const isLookedAt = new Promise<void>((resolve) => {
        cluster.get = (async (...args: Parameters<typeof get>) => {
          const found = await get(...args);
          if (args[1] !== podOf(jobId)) return found;
          resolve();
          await gate.promise;
          return found;
        }) as typeof get;
      });
      await world.store.pool.query(
        `UPDATE reservations SET launched_at = now() - interval '1 hour', due_at = now(),
           expires_at = now() + $2::interval WHERE reservation_id = $1`,
        [jobId, endsIn],
      );
      await isLookedAt;
      await world.order(jobId, "extend", { extension_hours: 2 });
      await eventually(async () => assert.ok((await kinds(jobId)).includes("extended")));
      cluster.get = get;
      gate.resolve();
      await eventually(async () => {
        const { rows } = await world.store.pool.query(
          "SELECT FROM reservations WHERE reservation_id = $1 AND lease_until IS NULL AND due_at > now()",
          [jobId],
        );
        assert.equal(rows.length, 1, "looked at again");
      });
      return jobId;
    };
    for (const endsIn of ["4 minutes", "-4 minutes"]) {
      const jobId = await extendWhileLookedAt(endsIn);
      const { status, warning } = await world.job(jobId);
      assert.deepEqual([status, warning], ["active", null], endsIn);
      assert.equal((await kinds(jobId)).at(-1), "extended", endsIn);
      await world.order(jobId, "cancel");
      await world.until(jobId, "cancelled");
      await assertClean(jobId);
    }
  });

  test("a job that waits cannot be extended, is told why it waits, and can be cancelled", async () => {
    const jobId = await world.submit({ gpus: 16 });
    await world.order(jobId, "extend", { extension_hours: 1 });
    await eventually(async () => {
      const row = await world.job(jobId);
      assert.match(row.extension_error ?? "", /has not started/);
      assert.match(row.current_detailed_status ?? "", /no node at present has more than 8/);
    });
    await world.order(jobId, "cancel");
    await world.until(jobId, "cancelled");
    await assertClean(jobId);
  });

  test("of a job that is unknown is in the archive, and harms nobody", async () => {
    await world.order("nobodys-job-0001", "cancel");
    await eventually(async () => {
      const { rows } = await world.store.pool.query(
        "SELECT FROM pgmq.a_gpu_reservations WHERE message ->> 'job_id' = 'nobodys-job-0001'",
      );
      assert.equal(rows.length, 1);
    });
  });
});

describe("what the cluster does to a job", async () => {
  const other = await openWorld(postgres);
  const before = playCluster();
  before.addNode("n1", {});
  const first = work(other, before);
  after(() => other.store.close());

  test("a pod that is deleted by hand", async () => {
    const jobId = await world.submit();
    await world.until(jobId, "active");
    cluster.vanish(podOf(jobId));
    const { failure_reason } = await world.until(jobId, "failed");
    assert.equal(failure_reason, "Its pod was deleted by somebody else than Airlock.");
    await assertClean(jobId);
  });

  test("a policy that refuses the pod is the end, in words", async () => {
    cluster.failNext("create", "admission_denied");
    const jobId = await world.submit();
    const { failure_reason } = await world.until(jobId, "failed");
    assert.equal(failure_reason, "The cluster says admission_denied.");
    await assertClean(jobId);
  });

  test("a quota that is used up is told, and waited for", async () => {
    cluster.failNext("create", "quota_exceeded");
    const jobId = await world.submit();
    await world.until(jobId, "active");
    await world.order(jobId, "cancel");
    await world.until(jobId, "cancelled");
    await assertClean(jobId);
  });

  test("a pod whose port is refused is its job's all the same: its command runs once, whoever deletes it", async () => {
    const { create } = cluster;
    cluster.create = (async (...args: Parameters<typeof create>) => {
      if (args[0] === "services") throw new ClusterError("quota_exceeded", "No ports are left.");
      return await create(...args);
    }) as typeof create;
    try {
      const jobId = await world.submit({ image: "exit:0", command: "true" });
      cluster.logs.set(podOf(jobId), "done\n");
      assert.equal((await world.until(jobId, "completed")).pod_logs, "done\n");
      await assertClean(jobId);

      const deleted = await world.submit({ command: "sleep 600" });
      await world.untilTold(deleted, "No ports are left.");
      cluster.vanish(podOf(deleted));
      const { failure_reason } = await world.until(deleted, "failed");
      assert.equal(failure_reason, "Its pod was deleted by somebody else than Airlock.");
      await assertClean(deleted);
    } finally {
      cluster.create = create;
    }
  });

  test("a node that is deleted is told of at once, while its pod is there still", async () => {
    const jobId = await other.submit();
    await other.until(jobId, "active");
    before.removeNode("n1");
    const unreachable =
      "Unreachable: its node n1 does not answer. It ends unless the node comes back.";
    await other.untilTold(jobId, unreachable);
    before.addNode("n1", {});
    await other.untilTold(jobId, "Runs. It has no disk: what is in /home/dev goes with it.");
    await other.order(jobId, "cancel");
    await other.until(jobId, "cancelled");
  });

  test("a machine that was restarted takes its jobs along", async () => {
    const jobId = await other.submit();
    await other.until(jobId, "active");
    await first.stop();
    const after = playCluster();
    after.addNode("n1", {});
    const second = work(other, after);
    const { failure_reason } = await other.until(jobId, "failed");
    assert.equal(failure_reason, "Its pod is gone: this machine was restarted.");
    await second.stop();
    assert.deepEqual(after.created, []);
  });
});

/** Resolves when it no longer throws. */
async function eventually(check: () => Promise<void>): Promise<void> {
  const end = performance.now() + 10_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
