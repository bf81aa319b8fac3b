/** What is asked of a job that runs: Jupyter, other users, notices. Files of its box, told to its node twice, and an outcome for its owner. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { makeHostKey } from "../src/access/host-key.ts";
import { createUserKeys } from "../src/access/user-keys.ts";
import { playCluster } from "./played-cluster.ts";
import { access, openWorld, startPostgres, withProcessorsRights, work } from "./world.ts";

const [own, bobs, carols] = [1, 2, 3].map(() => makeHostKey().publicKey) as [
  string,
  string,
  string,
];
const shown: Record<string, string> = { bob: bobs, carol: `${carols}\n${carols}`, nokeys: "" };
let isDown = false;
const server = createServer(({ url = "" }, response) => {
  const text = shown[url.slice(1).replace(/\.keys$/, "")];
  response.writeHead(isDown ? 503 : text === undefined ? 404 : 200).end(text);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
// an outage is forgotten at once
const userKeys = createUserKeys(`http://${host}/{user}.keys`, () => Number.POSITIVE_INFINITY);

const postgres = await startPostgres();
const world = await openWorld(postgres);
const { pool } = world.store;
const cluster = playCluster();
cluster.addNode("n1", { gpus: 8 });
const options = { access: { ...access, userKeys } };
const limited = await withProcessorsRights(world);
const processors = [work(limited, cluster, options), work(limited, cluster, options)];
after(async () => {
  await Promise.all(processors.map((processor) => processor.stop()));
  await limited.store.close();
  await userKeys.close();
  server.closeAllConnections();
  server.close();
  await world.store.close();
  await postgres.stop();
});

type Row = Awaited<ReturnType<typeof world.job>>;
const until = async (jobId: string, isSo: (row: Row) => boolean): Promise<Row> => {
  for (const end = performance.now() + 20_000; ; ) {
    const row = await world.job(jobId);
    if (isSo(row)) return row;
    if (performance.now() > end) throw new Error(`never: ${JSON.stringify(row)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
const box = async () => {
  const jobId = await world.submit({ sshPublicKeys: [own] });
  await world.until(jobId, "active");
  return jobId;
};
/** The second time that its node is told need not be waited for. */
const hurry = () => pool.query("UPDATE job_pods SET poke_at = now() WHERE poke_at > now()");
const hurrying = setInterval(() => {
  void hurry()
    .then(() =>
      pool.query(
        "UPDATE reservations SET due_at = now() WHERE due_at < now() + interval '4 seconds' AND lease_until IS NULL",
      ),
    )
    .catch(() => {});
}, 50).unref();
after(() => clearInterval(hurrying));
const podOf = (jobId: string) => `gpu-dev-${jobId}`;
const putOf = (jobId: string) =>
  cluster.replaced.filter(({ name }) => name.startsWith(podOf(jobId)));
const fileOf = (jobId: string, file: string): string | undefined => {
  const last = putOf(jobId).at(-1)?.manifest.data as Record<string, string> | undefined;
  const text = last?.[file];
  return text === undefined ? undefined : Buffer.from(text, "base64").toString();
};
const markOf = (jobId: string) =>
  cluster.pods.get(podOf(jobId))?.metadata.annotations["airlock/files"];
const tasks = async (jobId: string) =>
  (
    await pool.query<{ told: string }>(
      `SELECT kind || ' ' || state || coalesce(': ' || outcome, '') AS told FROM job_tasks
       WHERE reservation_id = $1 ORDER BY created_at, task_id`,
      [jobId],
    )
  ).rows.map(({ told }) => told);
/** Nothing is left to do of what was asked. */
const settled = async (jobId: string): Promise<string[]> => {
  for (const at = performance.now() + 20_000; ; ) {
    const told = await tasks(jobId);
    if (!told.some((one) => one.includes("waiting"))) return told;
    if (performance.now() > at) throw new Error(`never: ${told}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
const end = async (...jobs: string[]) => {
  for (const jobId of jobs) await world.order(jobId, "cancel");
  for (const jobId of jobs) await world.until(jobId, "cancelled");
};

test("Jupyter is on once its box has its token and its node has been told twice; off it is gone", async () => {
  const jobId = await box();
  await world.order(jobId, "enable_jupyter");
  const on = await until(jobId, ({ jupyter_url }) => jupyter_url !== null);
  const service = cluster.services.get(`${podOf(jobId)}-g1-jupyter`);
  assert.ok(service);
  const port = service.spec.ports[0]?.nodePort;
  assert.equal(on.jupyter_url, `http://10.0.0.1:${port}/lab`);
  assert.deepEqual([on.jupyter_enabled, on.jupyter_port, on.jupyter_error], [true, port, null]);
  assert.equal(putOf(jobId).length, 1);
  const token = fileOf(jobId, "jupyter_token") ?? "";
  assert.match(token, /^[0-9a-f]{64}$/);
  assert.ok(on.jupyter_token_sealed);
  const place = { reservationId: jobId, column: "jupyter_token" } as const;
  assert.equal(world.sealer.open(place, on.jupyter_token_sealed), token);
  assert.equal(fileOf(jobId, "authorized_keys"), `${own}\n`);
  assert.match(fileOf(jobId, "ssh_host_ed25519_key") ?? "", /^-----BEGIN OPENSSH PRIVATE KEY-----/);
  const version = cluster.secrets.get(`${podOf(jobId)}-g1-files`)?.resourceVersion;
  assert.equal(markOf(jobId), `${version}.1`, "told of this version, the second time");
  const { rows } = await pool.query(
    "SELECT FROM job_events WHERE data::text LIKE '%' || $1 || '%' UNION ALL SELECT FROM reservations r WHERE to_jsonb(r)::text LIKE '%' || $1 || '%'",
    [token],
  );
  assert.equal(rows.length, 0, "the token is nowhere in clear");

  // on is on
  await world.order(jobId, "enable_jupyter");
  await until(jobId, () => putOf(jobId).length === 2);
  assert.equal(fileOf(jobId, "jupyter_token"), token);

  await world.order(jobId, "disable_jupyter");
  const off = await until(jobId, ({ jupyter_enabled }) => !jupyter_enabled);
  assert.deepEqual(
    [off.jupyter_url, off.jupyter_port, off.jupyter_token_sealed],
    [null, null, null],
  );
  await until(jobId, () => putOf(jobId).length === 3);
  assert.equal(fileOf(jobId, "jupyter_token"), undefined);
  assert.ok(!cluster.services.has(`${podOf(jobId)}-g1-jupyter`));
  assert.deepEqual(await settled(jobId), [
    "jupyter_on done",
    "jupyter_on done",
    "jupyter_off done",
  ]);
  await end(jobId);
});

test("a job that was submitted with Jupyter has it when it runs, and none when it is over", async () => {
  const jobId = await world.submit({ sshPublicKeys: [own], jupyterEnabled: true });
  const on = await until(jobId, ({ jupyter_url }) => jupyter_url !== null);
  assert.equal(on.status, "active");
  await end(jobId);
  const row = await world.job(jobId);
  assert.deepEqual([row.jupyter_url, row.jupyter_token_sealed], [null, null]);
});

test("users who are added get in beside the owner, and those who cannot be are told of", async () => {
  const jobId = await box();
  for (const github_username of ["bob", "nobody-here", "carol", "nokeys", "bob"]) {
    await world.order(jobId, "add_user", { github_username });
  }
  const row = await until(jobId, ({ secondary_users }) => secondary_users.length === 2);
  // whose keys came first is GitHub's doing
  assert.deepEqual(row.secondary_users.toSorted(), ["bob", "carol"]);
  const [first, ...others] = (fileOf(jobId, "authorized_keys") ?? "").split("\n");
  assert.equal(first, own);
  assert.deepEqual(others.sort(), ["", bobs, carols].sort());
  await until(jobId, ({ add_user_error }) => add_user_error !== null);
  assert.deepEqual((await settled(jobId)).sort(), [
    "add_user done",
    "add_user done",
    "add_user done",
    `add_user failed: There is no user nobody-here at ${host}.`,
    "add_user failed: nokeys shows no SSH keys there.",
  ]);
  await end(jobId);
});

test("keys that cannot be had now are tried for, keep nobody waiting, and are given up in words", async () => {
  const jobId = await box();
  isDown = true;
  await world.order(jobId, "add_user", { github_username: "bob" });
  await world.order(jobId, "enable_jupyter");
  await until(jobId, ({ jupyter_url }) => jupyter_url !== null);
  assert.equal((await world.job(jobId)).add_user_error, null);
  await pool.query(
    "UPDATE job_tasks SET created_at = now() - interval '2 minutes', due_at = now() WHERE reservation_id = $1 AND state = 'waiting'",
    [jobId],
  );
  const row = await until(jobId, ({ add_user_error }) => add_user_error !== null);
  assert.equal(row.add_user_error, `${host} answers 503 for the keys of bob.`);
  isDown = false;
  await world.order(jobId, "add_user", { github_username: "bob" });
  const added = await until(jobId, ({ secondary_users }) => secondary_users.includes("bob"));
  assert.equal(added.add_user_error, null);
  await end(jobId);
});

test("a warning is a notice at login, until an extension takes it back", async () => {
  const jobId = await box();
  await pool.query(
    "UPDATE reservations SET launched_at = now() - interval '1 hour', expires_at = now() + interval '4 minutes', due_at = now() WHERE reservation_id = $1",
    [jobId],
  );
  const warned = await until(jobId, ({ warning }) => warning !== null);
  await until(jobId, () => putOf(jobId).length === 1);
  assert.equal(fileOf(jobId, "notice"), `${warned.warning}\n`);
  await world.order(jobId, "extend", { extension_hours: 2 });
  await until(jobId, () => putOf(jobId).length === 2);
  assert.equal(fileOf(jobId, "notice"), undefined);
  await end(jobId);
});

test("files that somebody has deleted are there again with the next change", async () => {
  const jobId = await box();
  (cluster.secrets as Map<string, unknown>).delete(`${podOf(jobId)}-g1-files`);
  await world.order(jobId, "add_user", { github_username: "bob" });
  await until(jobId, ({ secondary_users }) => secondary_users.includes("bob"));
  assert.ok(cluster.secrets.has(`${podOf(jobId)}-g1-files`));
  await end(jobId);
});

test("a sealing key that is gone ends no job; once it is back, what was asked is done", async () => {
  const jobId = await box();
  const { rows } = await pool.query<{ sealed: object }>(
    "SELECT host_key_sealed AS sealed FROM reservations WHERE reservation_id = $1",
    [jobId],
  );
  const seal = (sealed: object | undefined) =>
    pool.query("UPDATE reservations SET host_key_sealed = $2::jsonb WHERE reservation_id = $1", [
      jobId,
      JSON.stringify(sealed),
    ]);
  await seal({});
  await world.order(jobId, "add_user", { github_username: "bob" });
  const faults = "SELECT faults FROM reservations WHERE reservation_id = $1 AND faults > 0";
  for (let tries = 0; (await pool.query(faults, [jobId])).rowCount === 0; tries++) {
    assert.ok(tries < 1000, "it never failed");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal((await world.job(jobId)).status, "active");
  await seal(rows[0]?.sealed);
  await until(jobId, ({ secondary_users }) => secondary_users.includes("bob"));
  await end(jobId);
});

test("what was asked of a job that ends before it is done has failed; what is asked of one that waits is done when it runs", async () => {
  const filler = await world.submit({ gpus: 8 });
  await world.until(filler, "active");
  const waits = await world.submit({ sshPublicKeys: [own] });
  const never = await world.submit({ sshPublicKeys: [own] });
  for (const jobId of [waits, never]) await world.order(jobId, "enable_jupyter");
  await world.order(never, "cancel");
  await world.until(never, "cancelled");
  assert.deepEqual(await tasks(never), ["jupyter_on failed: The job ended before it was done."]);
  await end(filler);
  await until(waits, ({ jupyter_url }) => jupyter_url !== null);
  await end(waits);
});

test("a cluster that refuses the Service of Jupyter is told of", async () => {
  const jobId = await box();
  cluster.failNext("create", "admission_denied");
  await world.order(jobId, "enable_jupyter");
  const row = await until(jobId, ({ jupyter_error }) => jupyter_error !== null);
  assert.equal(row.jupyter_error, "The cluster says admission_denied.");
  assert.equal(row.jupyter_url, null);
  await end(jobId);
});
