/** Snapshots of volumes, and volumes that are made of them: copies of folders, in the words of the real controllers. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { LocalKubernetesOptions } from "@airlock/local-kubernetes";
import { eventually, hasEnded, start } from "./harness.ts";

const GROUP = "/apis/snapshot.storage.k8s.io/v1";
const SNAPSHOTS = `${GROUP}/namespaces/jobs/volumesnapshots`;
const CLAIMS = "/namespaces/jobs/persistentvolumeclaims";
const API = { apiVersion: "snapshot.storage.k8s.io/v1", kind: "VolumeSnapshot" };

// biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
type Any = any;

const claim = (name: string, dataSource?: object, size = "1Gi") => ({
  metadata: { name },
  spec: {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: size } },
    ...(dataSource && { dataSource }),
  },
});
const snapshot = (name: string, of: string, className?: string) => ({
  ...API,
  metadata: { name },
  spec: {
    source: { persistentVolumeClaimName: of },
    ...(className !== undefined && { volumeSnapshotClassName: className }),
  },
});
const fromSnapshot = (name: string) => ({
  apiGroup: "snapshot.storage.k8s.io",
  kind: "VolumeSnapshot",
  name,
});
const fromClaim = (name: string) => ({ kind: "PersistentVolumeClaim", name });

async function stand(t: TestContext, options: LocalKubernetesOptions = {}) {
  const rig = await start(t, options);
  const { call, local } = rig;
  const made = async (path: string, body: object) => {
    const answer = await call("POST", path, body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body as Any;
  };
  const until = (path: string, isSo: (object: Any) => boolean) =>
    eventually(async () => {
      const { body } = await call("GET", path);
      return isSo(body) ? (body as Any) : undefined;
    });
  let pods = 0;
  return {
    ...rig,
    until,
    made,
    claim: (...args: Parameters<typeof claim>) => made(CLAIMS, claim(...args)),
    snapshot: (...args: Parameters<typeof snapshot>) => made(SNAPSHOTS, snapshot(...args)),
    bound: (name: string) => until(`${CLAIMS}/${name}`, ({ status }) => status.phase === "Bound"),
    ready: (name: string) =>
      until(`${SNAPSHOTS}/${name}`, ({ status }) => status?.readyToUse === true),
    refused: (name: string) =>
      until(`${SNAPSHOTS}/${name}`, ({ status }) => status?.error !== undefined),
    event: (reason: string) =>
      eventually(async () => {
        const found = local.objects.all("events").find((one) => one.reason === reason);
        return found?.message as string | undefined;
      }),
    /** What a script says whose folder is the claim's volume. */
    async on(name: string, script: string, image = "example.com/image:1"): Promise<string> {
      const pod = `pod-${pods++}`;
      const mounts = { volumeMounts: [{ name: "disk", mountPath: "/disk" }] };
      const volumes = [{ name: "disk", persistentVolumeClaim: { claimName: name } }];
      await rig.run(pod, script, { ...mounts, image, workingDir: "/disk" }, { volumes });
      const { status } = await rig.until(pod, hasEnded);
      const said = await rig.log(pod);
      assert.equal(status.phase, "Succeeded", said);
      const [first = ""] = said.split("\n", 1);
      return (first.includes("is not run here") ? said.slice(first.length) : said).trim();
    },
    /** Of a claim: its size. */
    grow: (name: string, size: string) =>
      call("PATCH", `${CLAIMS}/${name}`, { spec: { resources: { requests: { storage: size } } } }),
  };
}

test("a snapshot keeps what was there, a restored and a cloned volume are copies; all of it is there after a restart", async (t) => {
  const volumesFolder = mkdtempSync(join(tmpdir(), "airlock-snapshots-"));
  t.after(() => rmSync(volumesFolder, { recursive: true, force: true }));
  const first = await stand(t, { volumesFolder });
  await first.claim("data");
  await first.on("data", "mkdir -p a/b && echo one > a/b/file && ln -s b/file a/link");
  await first.snapshot("before", "data");
  const { status, metadata, spec } = await first.ready("before");
  assert.equal(status.restoreSize, "1Gi");
  assert.match(status.creationTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(status.error, undefined);
  assert.equal(spec.volumeSnapshotClassName, "local");
  const content = first.local.objects.get(
    "volumesnapshotcontents",
    status.boundVolumeSnapshotContentName,
  ) as Any;
  assert.equal(content.metadata.name, `snapcontent-${metadata.uid}`);
  assert.equal(content.spec.volumeSnapshotRef.uid, metadata.uid);
  assert.equal(content.status.restoreSize, 2 ** 30);
  assert.equal(content.status.readyToUse, true);
  await first.on("data", "echo two > a/b/file");
  await first.claim("restored", fromSnapshot("before"));
  await first.claim("cloned", fromClaim("data"));
  assert.equal(await first.on("restored", "cat a/link"), "one");
  assert.equal(await first.on("cloned", "cat a/link; echo three > a/b/file"), "two");
  assert.equal(await first.on("data", "cat a/link"), "two");
  await first.local.close();

  const second = await stand(t, { volumesFolder });
  const again = await second.ready("before");
  assert.equal(again.metadata.uid, metadata.uid);
  await second.call("DELETE", `${CLAIMS}/data`, {});
  await eventually(async () => (existsSync(join(volumesFolder, "jobs_data")) ? undefined : true));
  // whoever is asked for a copy has it, whatever became of the first
  await second.claim("late", fromSnapshot("before"), "3Gi");
  assert.equal(await second.on("late", "cat a/link"), "one");
  const gone = await second.call("DELETE", `${SNAPSHOTS}/before`, {});
  assert.equal(gone.status, 200);
  await second.until(`${SNAPSHOTS}/before`, ({ code }) => code === 404);
  const left = readdirSync(volumesFolder).filter((name) => name.startsWith("."));
  assert.deepEqual(left, []);
  assert.equal(second.local.objects.all("volumesnapshotcontents").length, 0);
  assert.equal(await second.on("late", "cat a/link"), "one");
});

test("what reads a volume says what is in it, and nothing else where the image is but tools", async (t) => {
  const rig = await stand(t);
  await rig.claim("data");
  await rig.on(
    "data",
    "mkdir -p models && head -c 3000000 /dev/zero > models/large && echo x > top",
  );
  await rig.snapshot("kept", "data");
  await rig.ready("kept");
  await rig.claim("content-1", fromSnapshot("kept"));
  const said = await rig.on(
    "content-1",
    "du -sh . | cut -f1; find . -mindepth 1 | sort | head -n 2",
    "busybox",
  );
  assert.match(said, /^2\.9M\n\.\/models\n\.\/models\/large$/);
  assert.match(await rig.log("pod-1"), /^2\.9M\n/);
  assert.match(await rig.log("pod-0"), /^airlock: the image example\.com\/image:1 is not run here/);
});

test("a snapshot that cannot be is refused in the words of its definition, and its source stays", async (t) => {
  const rig = await stand(t, { hasKubelet: false });
  const refused = async (object: object, words: RegExp, status = 422) => {
    const answer = await rig.call("POST", SNAPSHOTS, {
      ...API,
      metadata: { name: "x" },
      ...object,
    });
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.match(answer.body.message ?? "", words);
  };
  await refused({}, /^VolumeSnapshot\.snapshot\.storage\.k8s\.io "x" is invalid: spec: Required/);
  await refused({ spec: {} }, /spec\.source: Required value/);
  await refused({ spec: { source: {} } }, /spec\.source: Invalid value: "object": exactly one of/);
  const both = { persistentVolumeClaimName: "a", volumeSnapshotContentName: "b" };
  await refused({ spec: { source: both } }, /exactly one of/);
  const source = { persistentVolumeClaimName: "a" };
  await refused({ spec: { source, volumeSnapshotClassName: "" } }, /must not be the empty string/);
  const number = { persistentVolumeClaimName: 1 };
  await refused({ spec: { source: number } }, /must be of type string: "integer"/);
  await refused({ kind: undefined, spec: { source } }, /Object 'Kind' is missing/, 400);
  await refused({ apiVersion: "v1", spec: { source } }, /does not match the expected API/, 400);

  const { metadata } = await rig.snapshot("x", "data");
  const taken = await rig.call("POST", SNAPSHOTS, snapshot("x", "data"));
  assert.deepEqual(
    [taken.status, taken.body.message],
    [409, 'volumesnapshots.snapshot.storage.k8s.io "x" already exists'],
  );
  const other = { spec: { source: { persistentVolumeClaimName: "other" } } };
  const changed = await rig.call("PATCH", `${SNAPSHOTS}/x`, other);
  assert.match(changed.body.message ?? "", /persistentVolumeClaimName is immutable$/);
  const nobody = { preconditions: { uid: "00000000-0000-0000-0000-000000000000" } };
  assert.equal((await rig.call("DELETE", `${SNAPSHOTS}/x`, nobody)).status, 409);
  const gone = await rig.call("DELETE", `${SNAPSHOTS}/x`, { preconditions: { uid: metadata.uid } });
  assert.equal(gone.status, 200);
  const absent = await rig.call("GET", `${SNAPSHOTS}/x`);
  assert.equal(absent.body.message, 'volumesnapshots.snapshot.storage.k8s.io "x" not found');
});

test("a driver that refuses, is slow or never answers is told of, and what it then does counts", async (t) => {
  const rig = await stand(t);
  const { storage } = rig.local;
  await rig.claim("data");
  await rig.bound("data");
  storage.set({
    faults: [
      { fault: "snapshotError", name: "twice", count: 2, message: "no room" },
      { fault: "snapshotNeverTaken", name: "untaken" },
      { fault: "snapshotNeverReady", name: "unready*" },
      { fault: "volumeError", name: "copy", count: 1, message: "no room" },
    ],
  });
  await rig.snapshot("twice", "data");
  const { status } = await rig.refused("twice");
  assert.match(status.error.message, /failed to take snapshot of the volume pvc-.*no room/);
  assert.equal(status.readyToUse, false);
  assert.equal((await rig.ready("twice")).status.error, undefined);

  await rig.snapshot("untaken", "data");
  await rig.snapshot("unready", "data");
  const cut = await rig.until(`${SNAPSHOTS}/unready`, (one) => one.status?.creationTime);
  assert.equal(cut.status.readyToUse, false);
  // what was cut needs its volume no more
  await rig.claim("brief");
  await rig.bound("brief");
  await rig.snapshot("unready-brief", "brief");
  await rig.until(`${SNAPSHOTS}/unready-brief`, (one) => one.status?.creationTime);
  await rig.call("DELETE", `${CLAIMS}/brief`, {});
  await rig.until(`${CLAIMS}/brief`, ({ code }) => code === 404);
  await rig.claim("early", fromSnapshot("unready"));
  assert.match(await rig.event("ProvisioningFailed"), /snapshot unready is not Ready$/);
  const { body } = await rig.call("GET", `${SNAPSHOTS}/untaken`);
  assert.equal((body as Any).status.creationTime, undefined);
  await rig.claim("copy", fromSnapshot("twice"));
  await rig.bound("copy");
  const failures = rig.local.objects.all("events").map(({ message }) => String(message));
  assert.ok(failures.some((words) => words.endsWith("rpc error: code = Internal desc = no room")));

  storage.set({ faults: [{ fault: "snapshotSlow", name: "slow", delayMs: 50 }] });
  await rig.ready("untaken");
  await rig.ready("unready");
  await rig.ready("unready-brief");
  await rig.bound("early");
  await rig.snapshot("slow", "data");
  await rig.until(`${SNAPSHOTS}/slow`, (one) => one.status?.readyToUse === false);
  await rig.ready("slow");
  assert.throws(() => storage.set({ faults: [{ fault: "snapshotSlow" } as Any] }), /delayMs/);
});

test("without a class, a claim or the definitions there is no snapshot, and the quota counts them", async (t) => {
  const rig = await stand(t);
  await rig.claim("data");
  await rig.bound("data");
  await rig.snapshot("classless", "data", "nobodys");
  const { status } = await rig.refused("classless");
  assert.match(status.error.message, /volumesnapshotclass\.snapshot\.storage\.k8s\.io "nobodys"/);
  await rig.snapshot("of-nothing", "nothing");
  const nothing = await rig.refused("of-nothing");
  assert.match(nothing.status.error.message, /cannot get claim from snapshot/);
  rig.local.namespaces.limit("jobs", { "count/volumesnapshots.snapshot.storage.k8s.io": "2" });
  const more = await rig.call("POST", SNAPSHOTS, snapshot("third", "data"));
  assert.equal(more.status, 403);
  assert.match(more.body.message ?? "", /^volumesnapshots\.snapshot.*exceeded quota: limit, /);

  rig.local.storage.set({ hasSnapshots: false });
  const absent = await fetch(rig.local.url + SNAPSHOTS);
  assert.equal(absent.status, 404);
  assert.equal(await absent.text(), "404 page not found\n");
  const put = (play: object) =>
    fetch(`${rig.local.url}/_control/storage`, { method: "PUT", body: JSON.stringify(play) });
  assert.equal((await put({ hasSnapshots: true, waits: 1 })).status, 400);
  assert.equal((await put({ hasSnapshots: true })).status, 200);
  rig.local.namespaces.limit("jobs", undefined);
  await rig.call("DELETE", `${GROUP}/volumesnapshotclasses/local`);
  await rig.snapshot("without-default", "data");
  const none = await rig.refused("without-default");
  assert.match(none.status.error.message, /cannot find default snapshot class$/);
});

test("a volume grows where its class lets it, and its file system with the next pod; it never shrinks", async (t) => {
  const rig = await stand(t);
  await rig.claim("data");
  const before = await rig.bound("data");
  assert.equal(before.status.capacity.storage, "1Gi");
  assert.equal((await rig.grow("data", "4Gi")).status, 200);
  const pending = await rig.until(`${CLAIMS}/data`, (one) => one.status.conditions !== undefined);
  const [condition] = pending.status.conditions;
  assert.deepEqual([condition.type, condition.status], ["FileSystemResizePending", "True"]);
  assert.equal(pending.status.capacity.storage, "1Gi");
  await rig.on("data", "sleep 0.1");
  const grown = await rig.until(`${CLAIMS}/data`, (one) => one.status.capacity.storage === "4Gi");
  assert.equal(grown.status.conditions, undefined);
  const smaller = await rig.grow("data", "2Gi");
  assert.equal(smaller.status, 422);
  assert.match(smaller.body.message ?? "", /storage: Forbidden: field can not be less than/);
  rig.local.namespaces.limit("jobs", { "requests.storage": "5Gi" });
  const much = await rig.grow("data", "6Gi");
  assert.match(
    much.body.message ?? "",
    /requested: requests\.storage=2Gi, used: requests\.storage=4Gi, limited: requests\.storage=5Gi$/,
  );
  rig.local.storage.set({ canGrow: false });
  const refused = await rig.grow("data", "5Gi");
  assert.equal(refused.status, 403);
  assert.match(refused.body.message ?? "", /the storageclass that provisions the pvc must support/);
});

test("a claim that waits for its first pod gets its volume with it", async (t) => {
  const rig = await stand(t, { storage: { waitsForPod: true } });
  await rig.claim("data");
  assert.match(await rig.event("WaitForFirstConsumer"), /waiting for first consumer/);
  assert.equal(((await rig.call("GET", `${CLAIMS}/data`)).body as Any).status.phase, "Pending");
  assert.equal(await rig.on("data", "echo here"), "here");
  await rig.bound("data");
});
