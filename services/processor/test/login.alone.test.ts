/** A box of local-kubernetes is entered as its job says: by this machine's ssh and sshd, or told why nobody can. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { findSshd, startLocalKubernetes } from "@airlock/local-kubernetes";
import { makeHostKey } from "../src/access/host-key.ts";
import { createKubeCluster, keepAccess } from "../src/cluster/index.ts";
import { access, openWorld, startPostgres, work } from "./world.ts";

const program = findSshd();
const sshUser = typeof program === "string" ? "dev" : program.user;
const postgres = await startPostgres();
const world = await openWorld(postgres);
const local = await startLocalKubernetes({
  nodes: [{ name: "n1", labels: { GpuType: "h100" }, allocatable: { "nvidia.com/gpu": "8" } }],
});
const cluster = createKubeCluster({
  access: keepAccess(async () => ({ server: local.url, tls: {}, authorization: undefined })),
  namespace: "jobs",
});
const processor = work(world, cluster, { access: { ...access, sshUser } });
const folder = await mkdtemp(join(tmpdir(), "airlock-login-"));
after(async () => {
  await processor.stop();
  await cluster.close();
  await local.close();
  await world.store.close();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Said {
  readonly code: number;
  readonly out: string;
}
const run = (words: readonly string[]): Promise<Said> =>
  new Promise((resolve) => {
    const [program = "", ...args] = words;
    execFile(program, args, { timeout: 20_000 }, (error, out) =>
      resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, out }),
    );
  });

const WORDS = 'it\'s "$HOME" `id`\n$$ ';

test("ssh_command leads into the box, to the host that was told; nobody else gets in", async () => {
  const [key, stranger] = [makeHostKey(), makeHostKey()];
  const jobId = await world.submit({
    image: "example.com/image:1",
    sshPublicKeys: [key.publicKey],
    variables: { WORDS },
  });
  const row = await world.until(jobId, "active");
  const { node_ip: host, node_port: port, ssh_command: command, pod_name: pod } = row;
  assert.equal(command, `ssh -p ${port} ${sshUser}@127.0.0.1`);
  if (typeof program === "string") {
    const log = (await cluster.readLog(pod)).toString();
    assert.ok(log.includes(`\nairlock: nobody can log in: ${program}\n`), log);
    return;
  }
  const socket = connect({ host: host ?? "", port: port ?? 0 });
  const [banner] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  assert.match(banner.toString(), /^SSH-2\.0-/);
  if ((await run(["ssh", "-V"])).code !== 0) return;
  await writeFile(join(folder, "known_hosts"), `[${host}]:${port} ${row.ssh_host_keys[0]}\n`);
  const login = async (privateKey: string, script: string) => {
    await writeFile(join(folder, "key"), privateKey, { mode: 0o600 });
    const options = ["BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=yes"];
    options.push(`UserKnownHostsFile=${join(folder, "known_hosts")}`);
    const [ssh = "", ...more] = (command ?? "").split(" ");
    const own = ["-F", "none", "-i", join(folder, "key"), ...options.flatMap((one) => ["-o", one])];
    return run([ssh, ...own, ...more, script]);
  };
  const script = 'printf "%s" "$WORDS"; test "$AIRLOCK_JOB_ID" && pwd >/dev/null && exit 7';
  assert.deepEqual(await login(key.privateKey, script), { code: 7, out: WORDS });
  assert.equal((await login(stranger.privateKey, "true")).code, 255);
  await world.order(jobId, "cancel");
  await world.until(jobId, "cancelled");
});
