/** Pod and Secrets as they are sent: whole, against files, and with user strings of the worst kind. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { promisify } from "node:util";
import { DISK_RULES } from "../src/disks/disk-rules.ts";
import { readerPod } from "../src/disks/reader-manifest.ts";
import { podManifest } from "../src/pod/pod-manifest.ts";
import type { PodWish } from "../src/pod/pod-wish.ts";
import { environmentSecret, filesSecret } from "../src/pod/secret-manifest.ts";
import { serviceManifest } from "../src/pod/service-manifest.ts";
import { startScript } from "../src/pod/start-script.ts";

const wish: PodWish = {
  jobId: "abcd1234-0000",
  generation: 2,
  podName: "gpu-dev-abcd1234-0123456789abcdef",
  nodeName: "node-1",
  image: "registry.example.com/team/image:1",
  owner: "alice@example.com",
  name: "my job",
  hasCommand: true,
  keep: false,
  gpus: 2,
  resourceName: "nvidia.com/gpu",
  cpuMillis: 21_600,
  memoryMib: 230_400,
  homeClaim: null,
};
const rules = {
  security: "restricted",
  maxLifeSeconds: 262_800,
  labels: {},
  schedulingGates: [],
  nodeLostSeconds: 300,
  toolsImage: "registry.example.com/airlock-devbox:1",
} as const;
const snapshot = { diskId: "0123", owner: "alice@example.com", snapshotId: "4567" };
const secretOf = (command: string | null, variables: Record<string, string>) =>
  environmentSecret(wish, "uid-1", { gpuType: "h100", command, variables });

/** To write one anew, put what the test prints in its place. */
const golden = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(new URL(`golden/${name}.json`, import.meta.url), "utf8"));

for (const [name, made] of [
  ["pod-with-command", podManifest(wish, rules)],
  [
    "pod-without-gpus-or-name",
    podManifest({ ...wish, gpus: 0, hasCommand: false, name: null }, rules),
  ],
  ["pod-baseline", podManifest({ ...wish, keep: true }, { ...rules, security: "baseline" })],
  ["pod-without-tools", podManifest({ ...wish, keep: true }, { ...rules, toolsImage: undefined })],
  ["pod-with-disk", podManifest({ ...wish, homeClaim: "airlock-disk-0123" }, rules)],
  ["pod-content", readerPod(snapshot, { ...DISK_RULES, toolsImage: rules.toolsImage })],
  ["secret-environment", secretOf("echo hello", { TOKEN: "hunter2", GPU_TYPE: "mine" })],
  ["service", serviceManifest("ssh", { ...wish, podUid: "uid-1" })],
  [
    "secret-files",
    filesSecret(
      { ...wish, podUid: "uid-1" },
      { hostKey: "a key\n", authorizedKeys: ["ssh-ed25519 AAAA alice", "ssh-ed25519 BBBB"] },
    ),
  ],
] as const) {
  test(`${name} is what its file says`, async () => {
    const text = JSON.stringify(made, null, 2);
    assert.deepEqual(JSON.parse(text), await golden(name), text);
  });
}

test("labels and gates of another scheduler stand beside our own", () => {
  const { metadata, spec } = podManifest(wish, {
    ...rules,
    labels: { "kueue.x-k8s.io/queue-name": "gpu-jobs" },
    schedulingGates: ["kueue.x-k8s.io/admission"],
  });
  const plain = podManifest(wish, rules);
  assert.deepEqual(metadata.labels, {
    ...plain.metadata.labels,
    "kueue.x-k8s.io/queue-name": "gpu-jobs",
  });
  const gates = [{ name: "kueue.x-k8s.io/admission" }];
  assert.deepEqual(spec, { ...(plain.spec as object), schedulingGates: gates });
});

const NASTY = [
  "$(rm -rf /) `id` $HOME $$ $(HOME) ; && || | > < * ? ~ ! # \\",
  "line one\nline two\r\n\ttab",
  "quotes ' \" '' \"\" \\' \\\"",
  "ünïcödé 漢字 🚀 \u202e right to left \ufeff",
  "{{ .Values.x }} %s %n --flag -rf",
  '{"json": true}, "metadata": {"name": "x"}',
];

for (const text of NASTY) {
  test(`${JSON.stringify(text)} stays in its field, byte for byte`, () => {
    const pod = podManifest({ ...wish, owner: text, name: text }, rules);
    const plain = podManifest(wish, rules);
    assert.deepEqual(pod.spec, plain.spec);
    assert.deepEqual(pod.metadata.labels, plain.metadata.labels);
    assert.equal(pod.metadata.annotations?.["airlock/owner"], text);
    const { data } = secretOf(text, { VALUE: text }) as unknown as { data: Record<string, string> };
    for (const key of ["VALUE", "AIRLOCK_COMMAND"]) {
      assert.equal(Buffer.from(data[key] ?? "", "base64").toString(), text);
    }
    assert.ok(!JSON.stringify(podManifest(wish, rules)).includes(text));
  });
}

test("the pod tells nothing of the command or the variables, and has no credentials", () => {
  const pod = podManifest(wish, rules);
  assert.doesNotMatch(JSON.stringify(pod), /hunter2|echo hello/);
  assert.equal(
    (pod.spec as { automountServiceAccountToken: boolean }).automountServiceAccountToken,
    false,
  );
});

const run = (command: string, keep = false) =>
  promisify(execFile)("/bin/sh", ["-c", startScript({ hasCommand: true, keep })], {
    env: { PATH: process.env.PATH ?? "", AIRLOCK_COMMAND: command },
  }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
  );

test("the command's output and exit code are the container's", async () => {
  assert.deepEqual(await run("echo hello"), { code: 0, stdout: "hello\n" });
  assert.deepEqual(await run("echo 'a  b'; exit 3"), { code: 3, stdout: "a  b\n" });
});

test("the exit code of a command that ends in its own way on SIGTERM is its own", async () => {
  const command = "trap 'exit 9' TERM; kill -TERM $PPID; while :; do sleep 0.02; done";
  const runs = Array.from({ length: 20 }, () => run(command));
  for (const { code } of await Promise.all(runs)) assert.equal(code, 9);
});

test("SIGTERM ends the command, and with it the container, however soon it comes", async () => {
  // its own parent: the first process of the container
  const runs = Array.from({ length: 20 }, () => run("echo begun; kill -TERM $PPID; exec sleep 5"));
  for (const ended of await Promise.all(runs)) {
    assert.deepEqual(ended, { code: 143, stdout: "begun\n" });
  }
});
