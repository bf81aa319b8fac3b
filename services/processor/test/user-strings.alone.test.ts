/** What users write, of the worst kind, on its whole way into a command that really runs: byte for byte, and secrets nowhere else. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type StoredObject, startLocalKubernetes } from "@airlock/local-kubernetes";
import { createKubeCluster, keepAccess } from "../src/cluster/index.ts";
import type { Log } from "../src/log.ts";
import { openWorld, startPostgres, work } from "./world.ts";

const IMAGE = "example.com/image:1";
const KINDS = ["pods", "secrets", "services", "persistentvolumeclaims", "events", "nodes"] as const;

const databaseSaid: string[] = [];
const postgres = await startPostgres((line) => databaseSaid.push(line));
const world = await openWorld(postgres);
const local = await startLocalKubernetes({
  nodes: [{ name: "n1", labels: { GpuType: "h100" }, allocatable: { "nvidia.com/gpu": "8" } }],
  retryMs: 20,
});
const cluster = createKubeCluster({
  access: keepAccess(async () => ({ server: local.url, tls: {}, authorization: undefined })),
  namespace: "jobs",
});
const processorSaid: string[] = [];
const say = (...said: unknown[]) =>
  void processorSaid.push(
    JSON.stringify(said, (_, value) => (value instanceof Error ? `${value.stack}` : value)),
  );
const log: Log = { debug: say, info: say, warn: say, error: say };
const processor = work(world, cluster, { log });
after(async () => {
  await processor.stop();
  await cluster.close();
  await local.close();
  await world.store.close();
  await postgres.stop();
});

const NASTY = [
  "$(touch /tmp/airlock-was-here) `id` $HOME $$ $(HOME) ; && || | > < * ? ~ ! # \\",
  "line one\nline two\r\n\ttab\u0001\u007f\u001b[31m",
  "quotes ' \" '' \"\" \\' \\\" end",
  "ünïcödé 漢字 🚀 \u202e right to left \ufeff e\u0301",
  "{{ .Values.x }} %s %n -rf --flag",
  '"}, "metadata": {"name": "x"}, "spec": {"hostNetwork": true}',
  " spaces around \n\n",
  "'; DROP TABLE reservations; --",
];

const made = (kind: (typeof KINDS)[number]): StoredObject[] => local.objects.all(kind);
/** Without a line's end of its own. */
const HEX = "od -An -v -tx1 | tr -d ' \\n'";

/** As soon as it is made: it is gone soon after. */
async function podOf(jobId: string): Promise<StoredObject> {
  const endsAtMs = performance.now() + LIMIT_MS;
  const isOf = ({ metadata }: StoredObject) => metadata.annotations?.["airlock/job-id"] === jobId;
  for (;;) {
    const pod = made("pods").find(isOf);
    if (pod !== undefined) return pod;
    if (performance.now() > endsAtMs) throw new Error(`${jobId} has no pod`);
    await sleep(5);
  }
}
const LIMIT_MS = 20_000;

test("names, variables and commands of every kind are what the container and its annotations have, byte for byte", async () => {
  const jobs: { text: string; jobId: string; pod: Promise<StoredObject> }[] = [];
  for (const text of NASTY) {
    // hex tells the bytes; the heredoc has the text in the command itself
    const command = `printf %s "$VALUE" | ${HEX}; echo; cat <<'AIRLOCK' | ${HEX}; sleep 1\n${text}\nAIRLOCK\n`;
    const variables = { VALUE: text };
    const jobId = await world.submit({ image: IMAGE, name: text, command, variables });
    jobs.push({ text, jobId, pod: podOf(jobId) });
  }
  const plain = await world.submit({ image: IMAGE, name: "plain", command: "sleep 1" });
  const bare = await podOf(plain);
  for (const { text, pod: making } of jobs) {
    const pod = await making;
    assert.equal(pod.metadata.annotations?.["airlock/name"], text);
    assert.deepEqual(shapeOf(pod), shapeOf(bare), "nothing else of the pod is another");
  }
  for (const { text, jobId } of jobs) {
    const { pod_logs } = await world.until(jobId, "completed");
    const [, ...said] = (pod_logs ?? "").trimEnd().split("\n");
    const hex = (bytes: string) => Buffer.from(bytes).toString("hex");
    assert.deepEqual(said, [hex(text), hex(`${text}\n`)], JSON.stringify(text));
  }
});

/** Its labels and its spec, without what is called after it. */
function shapeOf(pod: StoredObject): unknown {
  const { spec, metadata } = pod as StoredObject & { spec: object };
  const text = JSON.stringify({ labels: metadata.labels, spec: { ...spec, nodeName: "" } });
  return JSON.parse(text.replaceAll(metadata.name, "NAME"));
}

function base64Of(words: string, offset: number): string {
  const encoded = Buffer.from(`${" ".repeat(offset)}${words}`).toString("base64");
  // the edges depend on what stands beside it
  return encoded.slice(offset === 0 ? 0 : 4, -4);
}

/** Each place that has the words, in clear or in base64. */
async function placesOf(words: string): Promise<string[]> {
  // wherever it begins among what is encoded with it
  const forms = [words, ...[0, 1, 2].map((offset) => base64Of(words, offset))];
  const has = (text: string) => forms.some((form) => text.includes(form));
  const places: string[] = [];
  const { pool } = world.store;
  const tables = await pool.query<{ name: string }>(
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'pgmq')",
  );
  for (const { name } of tables.rows) {
    const { rows } = await pool.query<{ row: string }>(
      `SELECT to_jsonb(t)::text AS row FROM ${name} t`,
    );
    if (rows.some(({ row }) => has(row))) places.push(name);
  }
  for (const kind of KINDS) if (has(JSON.stringify(made(kind)))) places.push(kind);
  if (has(JSON.stringify([local.requests.list(), local.requests.creations()])))
    places.push("API log");
  if (processorSaid.some(has)) places.push("the processor's log");
  if (databaseSaid.some(has)) places.push("the database's log");
  return places;
}

test("a variable stands in its Secret while the job is there, and nowhere else, whatever goes wrong", async () => {
  const secret = "canary-variable-7d1f-0123456789";
  const variables = { TOKEN: secret };
  const jobId = await world.submit({ image: IMAGE, command: "sleep 600", variables });
  await world.until(jobId, "active");
  assert.deepEqual(await placesOf(secret), ["secrets"], "it is found where it belongs");
  await world.order(jobId, "cancel");
  await world.until(jobId, "cancelled");
  assert.deepEqual(await placesOf(secret), []);

  const quoting = `admission webhook "w.example.com" denied the request: data[TOKEN] is ${secret}`;
  for (const [what, status, reason, message] of [
    ["a webhook that quotes it", 403, "Forbidden", quoting],
    [
      "a server that quotes it",
      422,
      "Invalid",
      `Secret "x" is invalid: data[TOKEN]: Invalid value: "${secret}": no`,
    ],
    [
      "a server that cannot read it",
      400,
      "BadRequest",
      `ReadString: expects ", |{"TOKEN":"${secret}"|`,
    ],
  ] as const) {
    local.faults.set([
      { fault: "refuse", verb: "create", kind: "secrets", status, reason, message },
    ]);
    const refused = await world.submit({ image: IMAGE, command: "exit 0", variables });
    const { failure_reason } = await world.until(refused, "failed");
    local.faults.clear();
    assert.match(failure_reason ?? "", /Secret/, what);
    assert.deepEqual(await placesOf(secret), [], what);
  }
  local.faults.set([{ fault: "error", verb: "create", kind: "secrets", count: 2 }]);
  const late = await world.submit({ image: IMAGE, command: "exit 0", variables });
  await world.until(late, "completed");
  // what was sealed with another job's name, or was no JSON, cannot be read
  const broken = await world.submit({
    image: IMAGE,
    command: "exit 0",
    variables,
    sealedText: `{"TOKEN": "${secret}`,
  });
  const { failure_reason } = await world.until(broken, "failed");
  assert.match(failure_reason ?? "", /variables cannot be read/);
  assert.deepEqual(await placesOf(secret), []);
  assert.ok(processorSaid.length > 50, "the processor's log was heard");
});

test("a command is in its row and its Secret alone", async () => {
  const words = "canary-command-51c2-0123456789";
  const jobId = await world.submit({ image: IMAGE, command: `: ${words}; sleep 600` });
  await world.until(jobId, "active");
  assert.deepEqual(await placesOf(words), ["public.reservations", "secrets"]);
  await world.order(jobId, "cancel");
  await world.until(jobId, "cancelled");
});
