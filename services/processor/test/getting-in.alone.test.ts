/** How a job's owner gets in: the port that the cluster gave, whom to expect there, and whose keys open it. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { loadSettings, SettingsError } from "@airlock/config";
import { makeHostKey } from "../src/access/host-key.ts";
import { createUserKeys } from "../src/access/user-keys.ts";
import { hasNodePorts, settingsSchema } from "../src/settings.ts";
import { playCluster } from "./played-cluster.ts";
import { access, openWorld, startPostgres, work } from "./world.ts";

const [own, shown] = [makeHostKey().publicKey, makeHostKey().publicKey];
/** What the server of keys does; undefined: nothing. */
let answer: { status: number; text: string } | undefined = { status: 200, text: shown };
const server = createServer((_request, response) => {
  if (answer) response.writeHead(answer.status).end(answer.text);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as AddressInfo;
const host = `127.0.0.1:${port}`;
let nowMs = 0;
const userKeys = createUserKeys(`http://${host}/{user}.keys`, () => nowMs);

const postgres = await startPostgres();
const world = await openWorld(postgres);
const cluster = playCluster();
for (const name of ["n1", "n2"]) cluster.addNode(name, { gpus: 8 });
const withKeys = { access: { ...access, userKeys } };
const processors = [work(world, cluster, withKeys), work(world, cluster, withKeys)];
after(async () => {
  await Promise.all(processors.map((processor) => processor.stop()));
  await userKeys.close();
  server.closeAllConnections();
  server.close();
  await world.store.close();
  await postgres.stop();
});

/** What was made of a kind, by the end of its name. */
const made = (jobId: string, end: string) =>
  cluster.created.filter(({ name }) => name === `gpu-dev-${jobId}-g1-${end}`);
function fileOf(jobId: string, file: string): string {
  const [secret] = made(jobId, "files");
  const data = secret?.manifest.data as Record<string, string>;
  return Buffer.from(data[file] ?? "", "base64").toString();
}

test("the port is the one that the cluster gave, and who answers there is told before", async () => {
  const jobId = await world.submit({ sshPublicKeys: [own] });
  const row = await world.until(jobId, "active");
  const [service] = cluster.services.values();
  const nodePort = service?.spec.ports[0]?.nodePort;
  assert.equal(row.node_port, nodePort);
  assert.equal(row.node_ip, "10.0.0.1");
  assert.equal(row.ssh_command, `ssh -p ${nodePort} dev@10.0.0.1`);
  const [key = "", ...more] = row.ssh_host_keys;
  assert.deepEqual(more, []);
  const blob = Buffer.from(key.split(" ")[1] ?? "", "base64");
  const pem = fileOf(jobId, "ssh_host_ed25519_key").replaceAll(/-----[A-Z ]+-----/g, "");
  assert.ok(Buffer.from(pem, "base64").includes(blob));
  assert.equal(fileOf(jobId, "authorized_keys"), `${own}\n`);
  assert.doesNotMatch(JSON.stringify([row, await world.events(jobId)]), /PRIVATE/);
  // one Service, and of this pod alone
  const services = made(jobId, "ssh").map(({ manifest }) => manifest.spec);
  assert.equal(services.length, 1);
  const [{ selector }] = services as [{ selector: Record<string, string> }];
  const labels = cluster.pods.get(`gpu-dev-${jobId}`)?.metadata.labels ?? {};
  assert.equal(selector["airlock/pod"], `gpu-dev-${jobId}`);
  for (const [name, value] of Object.entries(selector)) assert.equal(labels[name], value);
  await world.order(jobId, "cancel");
  await world.until(jobId, "cancelled");
  assert.equal(cluster.services.size, 0);
});

test("keys that its owner shows are let in beside those of the submission", async () => {
  const jobId = await world.submit({ sshPublicKeys: [own], githubUser: "alice" });
  const { warning } = await world.until(jobId, "active");
  assert.equal(fileOf(jobId, "authorized_keys"), `${own}\n${shown}\n`);
  assert.equal(warning, null);
});

test("keys that cannot be had keep nobody waiting whose own key is there", async () => {
  answer = undefined;
  const jobs = await Promise.all(
    Array.from({ length: 6 }, () => world.submit({ sshPublicKeys: [own], githubUser: "alice" })),
  );
  for (const jobId of jobs) {
    const { warning } = await world.until(jobId, "active");
    assert.match(warning ?? "", /does not answer.* So only ssh_public_keys can log in\.$/);
    assert.equal(fileOf(jobId, "authorized_keys"), `${own}\n`);
  }
  for (const jobId of jobs) await world.order(jobId, "cancel");
});

test("a box that has no other keys waits for them, and says so", async () => {
  nowMs += 10_001;
  answer = { status: 503, text: "" };
  const jobId = await world.submit({ githubUser: "alice" });
  const said = `${host} answers 503 for the keys of alice.`;
  await world.untilTold(jobId, said);
  assert.equal(cluster.pods.has(`gpu-dev-${jobId}`), false);
  answer = { status: 200, text: shown };
  nowMs += 10_001;
  await world.until(jobId, "active");
  assert.equal(fileOf(jobId, "authorized_keys"), `${shown}\n`);
});

test("a box that nobody could log in to fails before it has taken anything", async () => {
  answer = { status: 404, text: "Not Found" };
  const jobId = await world.submit({ githubUser: "nobody-there" });
  const { failure_reason } = await world.until(jobId, "failed");
  const why = `Nobody could log in to it: There is no user nobody-there at ${host}.`;
  assert.equal(failure_reason, why);
  // a command needs nobody
  const command = { image: "exit:0", command: "true", githubUser: "nobody-there" };
  await world.until(await world.submit(command), "completed");
});

const dev = { ENVIRONMENT: "dev", DATABASE_URL: "postgresql://localhost/none" };
const settingsOf = (more: object) => loadSettings(settingsSchema, { ...dev, ...more });

test("settings of access are checked at start", () => {
  assert.equal(settingsOf({}).SSH_KEYS_URL, "https://github.com/{user}.keys");
  assert.equal(settingsOf({ SSH_KEYS_URL: "off" }).SSH_KEYS_URL, "off");
  const prod = { ENVIRONMENT: "prod" } as const;
  const ports = (more: Partial<ReturnType<typeof settingsOf>>) =>
    hasNodePorts({ ...settingsOf({}), ...more });
  assert.deepEqual([ports({}), ports(prod)], [true, false], "tunnels alone, outside dev");
  assert.deepEqual(
    [ports({ SSH_ACCESS: "tunnel" }), ports({ ...prod, SSH_ACCESS: "both" })],
    [false, true],
  );
  for (const bad of [
    "https://github.com/alice.keys",
    "https://{user}.example.com/keys",
    "https://example.com/{user}/{user}",
    "https://me@example.com/{user}",
    "file:///etc/{user}",
    "https://example.com/#{user}",
    "on",
  ]) {
    assert.throws(() => settingsOf({ SSH_KEYS_URL: bad }), SettingsError, bad);
  }
});
