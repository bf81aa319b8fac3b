// What is put is on disk before the answer: it is there after a kill -9, in every detail.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { emptyStoreFolder, LOCAL_AWS, startLocalAws, WRITER_SESSION } from "@airlock/local-aws";
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import {
  DeleteParameterCommand,
  GetParameterCommand,
  LabelParameterVersionCommand,
  PutParameterCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";

const { PATH, NODE_COMPILE_CACHE } = process.env;
const MACHINE = { PATH, NODE_COMPILE_CACHE };

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const LARGE = "large ".repeat(10_000);

async function newFolder(t: TestContext, files: Record<string, string> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "local-aws-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

/** The process, on a disk that keeps what was synced and nothing else. */
async function startProcess(t: TestContext, env: Record<string, string>) {
  const flags = ["--conditions=airlock-source", "--import", here("power-loss.ts")];
  const child = spawn(process.execPath, [...flags, here("../src/main.ts")], {
    env: { ...MACHINE, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => kill(child));
  const exited = once(child, "exit").then(() => assert.fail("it has ended"));
  exited.catch(() => {});
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    exited,
  ]);
  return { child, ...clientsOf(t, JSON.parse(line).url) };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

function clientsOf(t: TestContext, url: string) {
  const { accessKeyId, secretAccessKey, sessionToken } = WRITER_SESSION;
  const credentials = { accessKeyId, secretAccessKey, sessionToken };
  const config = { endpoint: url, region: LOCAL_AWS.region, credentials, maxAttempts: 1 };
  const ssm = new SSMClient(config);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  t.after(() => {
    ssm.destroy();
    s3.destroy();
  });
  const control = async (path: string, body: object = {}) => {
    const request = { method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(`${url}/_control/${path}`, request);
    assert.ok(answer.ok, await answer.text());
  };
  return { ssm, s3, control };
}

type Clients = ReturnType<typeof clientsOf>;

const parameterOf = async ({ ssm }: Clients, Name: string) =>
  (await ssm.send(new GetParameterCommand({ Name, WithDecryption: true }))).Parameter?.Value;

async function bodyOf({ s3 }: Clients, Bucket: string, Key: string, VersionId?: string) {
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
  return { ...answer, text: await answer.Body?.transformToString() };
}

/** Puts something of each kind; the last answer is that of the last step. */
async function putAll({ ssm, s3, control }: Clients): Promise<string | undefined> {
  const Name = "/own/value";
  await ssm.send(new PutParameterCommand({ Name, Value: "one", Type: "SecureString" }));
  await ssm.send(new PutParameterCommand({ Name, Value: "two", Overwrite: true }));
  await ssm.send(new LabelParameterVersionCommand({ Name, Labels: ["gone", "stays"] }));
  await ssm.send(new LabelParameterVersionCommand({ Name, ParameterVersion: 1, Labels: ["gone"] }));
  await ssm.send(new DeleteParameterCommand({ Name: "/airlock/dev/log/level" }));
  await control("parameters", { parameters: [{ name: "/own/control", value: "by control" }] });
  const Bucket = "own-bucket";
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(
    new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }),
  );
  const put = { Bucket, Key: "a b/ü+", ContentType: "text/plain", Metadata: { owner: "me" } };
  const { VersionId } = await s3.send(new PutObjectCommand({ ...put, Body: "small" }));
  await s3.send(new PutObjectCommand({ ...put, Body: LARGE }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "deleted", Body: "x" }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "deleted" }));
  await s3.send(new DeleteObjectCommand({ Bucket: "airlock-data-dev", Key: "readme.txt" }));
  await putInParts(s3);
  await control("objects", { bucket: "of-control", keys: ["k"] });
  await control("buckets", { bucket: "moved", region: "us-east-1", misrouted: "malformed" });
  return VersionId;
}

const OF_PARTS = { Bucket: "airlock-logs-dev", Key: "of parts" };

async function putInParts(s3: S3Client): Promise<void> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(OF_PARTS));
  const part = { ...OF_PARTS, UploadId, PartNumber: 4 };
  const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: "the only part" }));
  const MultipartUpload = { Parts: [{ PartNumber: 4, ETag }] };
  await s3.send(new CompleteMultipartUploadCommand({ ...OF_PARTS, UploadId, MultipartUpload }));
}

async function assertAllThere(clients: Clients, versionId: string | undefined): Promise<void> {
  assert.equal(await parameterOf(clients, "/own/value"), "two");
  assert.equal(await parameterOf(clients, "/own/value:1"), "one");
  assert.equal(await parameterOf(clients, "/own/value:gone"), "one");
  assert.equal(await parameterOf(clients, "/own/value:stays"), "two");
  assert.equal(await parameterOf(clients, "/own/control"), "by control");
  assert.equal(await parameterOf(clients, "/airlock/dev/database/port"), "5432");
  await assert.rejects(parameterOf(clients, "/airlock/dev/log/level"), {
    name: "ParameterNotFound",
  });
  const large = await bodyOf(clients, "own-bucket", "a b/ü+");
  assert.equal(large.text, LARGE);
  assert.deepEqual([large.ContentType, large.Metadata], ["text/plain", { owner: "me" }]);
  assert.equal((await bodyOf(clients, "own-bucket", "a b/ü+", versionId)).text, "small");
  const { Versions, DeleteMarkers } = await clients.s3.send(
    new ListObjectVersionsCommand({ Bucket: "own-bucket" }),
  );
  assert.deepEqual([Versions?.length, DeleteMarkers?.length], [3, 1]);
  const gone = bodyOf(clients, "airlock-data-dev", "readme.txt");
  await assert.rejects(gone, { name: "NoSuchKey" });
  const first = new HeadObjectCommand({ ...OF_PARTS, PartNumber: 1 });
  const { ETag, PartsCount, ContentLength } = await clients.s3.send(first);
  assert.match(ETag ?? "", /^"[0-9a-f]{32}-1"$/);
  assert.deepEqual([PartsCount, ContentLength], [1, 13]);
  assert.equal((await bodyOf(clients, "of-control", "k")).text, "k");
  const moved = bodyOf(clients, "moved", "k");
  await assert.rejects(moved, { name: "AuthorizationHeaderMalformed", Region: "us-east-1" });
}

test("what was answered is there after a kill -9 and two starts", async (t) => {
  const LOCAL_AWS_FOLDER = await newFolder(t);
  let run = await startProcess(t, { LOCAL_AWS_FOLDER });
  const versionId = await putAll(run);
  for (let starts = 0; starts < 2; starts++) {
    await kill(run.child);
    run = await startProcess(t, { LOCAL_AWS_FOLDER });
    await assertAllThere(run, versionId);
  }
});

test("an answer before its write is found", async (t) => {
  const LOCAL_AWS_FOLDER = await newFolder(t);
  await (await startLocalAws({ folder: LOCAL_AWS_FOLDER })).close();
  const faulty = await startProcess(t, { LOCAL_AWS_FOLDER, PLANTED_FAULT: "late" });
  const versionId = await putAll(faulty);
  await assertAllThere(faulty, versionId);
  await kill(faulty.child);
  const after = await startProcess(t, { LOCAL_AWS_FOLDER });
  await assert.rejects(assertAllThere(after, versionId), { name: "ParameterNotFound" });
});

test("a last line that is half written is dropped, one in the middle is told", async (t) => {
  const folder = await newFolder(t);
  const aws = await startLocalAws({ folder });
  aws.parameters.put({ parameters: [{ name: "/own/a", value: "1" }] });
  await aws.close();
  const journal = join(folder, "journal");
  await appendFile(journal, '0badbeef {"kind":"parameter","na');
  const again = await startLocalAws({ folder });
  assert.equal(await parameterOf(clientsOf(t, again.url), "/own/a"), "1");
  await again.close();

  const text = await readFile(journal, "utf8");
  await writeFile(journal, text.replace("5432", "5433"));
  await assert.rejects(startLocalAws({ folder }), { message: `${journal} is damaged` });
  // whoever was refused keeps nothing locked
  await emptyStoreFolder(folder);
  await (await startLocalAws({ folder })).close();
});

test("one process has a folder at a time", async (t) => {
  const folder = await newFolder(t);
  const aws = await startLocalAws({ folder });
  await assert.rejects(startLocalAws({ folder }), /is in use by process \d+/);
  await assert.rejects(emptyStoreFolder(folder), /is in use by process \d+/);
  await aws.close();
});

test("what cannot be written is no success, and is kept with what comes next", async (t) => {
  const folder = await newFolder(t);
  const aws = await startLocalAws({ folder });
  const clients = clientsOf(t, aws.url);
  const full = t.mock.method(fs, "writeSync", () => {
    throw new Error("ENOSPC: no space left on device");
  });
  syncBuiltinESMExports();
  const put = (Name: string) =>
    clients.ssm.send(new PutParameterCommand({ Name, Value: "v", Type: "String" }));
  await assert.rejects(put("/own/a"), { name: "InternalServerError" });
  const parameters = [{ name: "/own/b", value: "v" }];
  await assert.rejects(clients.control("parameters", { parameters }), /cannot be kept in .*ENOSPC/);
  full.mock.restore();
  syncBuiltinESMExports();
  await put("/own/c");
  await aws.close();
  const again = await startLocalAws({ folder });
  for (const name of ["/own/a", "/own/b", "/own/c"]) {
    assert.equal(await parameterOf(clientsOf(t, again.url), name), "v", name);
  }
  await again.close();
});

test("reset goes back to the seeds, for the next start too; bodies that nobody needs go", async (t) => {
  const seedFolder = await newFolder(t, {
    "parameters.yaml":
      "/own/port: 010\n/airlock/dev/log/level: debug\nkey: {type: SecureString, value: s}\n",
    "objects/own-bucket/a/b.json": "{}",
    "objects/own-bucket/c": "c",
  });
  const folder = await newFolder(t);
  const first = await startLocalAws({ folder, seedFolder });
  first.objects.put({ bucket: "mine", key: "large", size: 100_000 });
  first.parameters.put({ parameters: [{ name: "/own/port", value: "2" }] });
  assert.equal((await readdir(join(folder, "bodies"))).length, 1);
  await first.close();
  const second = await startLocalAws({ folder, seedFolder });
  assert.equal(await parameterOf(clientsOf(t, second.url), "/own/port"), "2", "it is seeded once");
  second.reset();
  assert.deepEqual(await readdir(join(folder, "bodies")), []);
  await second.close();
  const third = await startLocalAws({ folder });
  const clients = clientsOf(t, third.url);
  assert.equal(await parameterOf(clients, "/own/port"), "010");
  assert.equal(await parameterOf(clients, "key"), "s");
  const level = await clients.ssm.send(new GetParameterCommand({ Name: "/airlock/dev/log/level" }));
  assert.deepEqual([level.Parameter?.Value, level.Parameter?.Version], ["debug", 1]);
  const object = await bodyOf(clients, "own-bucket", "a/b.json");
  assert.deepEqual([object.text, object.ContentType], ["{}", "application/json"]);
  const mine = clients.s3.send(new HeadBucketCommand({ Bucket: "mine" }));
  await assert.rejects(mine, { name: "NotFound" });
  await third.close();
});

for (const [what, files, message] of [
  ["nothing", {}, /has neither parameters\.yaml nor objects\/$/],
  ["no map", { "parameters.yaml": "- a" }, /parameters\.yaml: must be a map of names to values$/],
  ["no YAML", { "parameters.yaml": "a: [" }, /parameters\.yaml: .+/],
  ["a bad name", { "parameters.yaml": "a b: c" }, /a b: name: not a name SSM would take$/],
  ["no value", { "parameters.yaml": "/a:" }, /\/a: value: must not be empty$/],
  ["a bad type", { "parameters.yaml": "/a: {type: Text, value: b}" }, /\/a: type: .+/],
  ["a stray file", { "objects/x": "" }, /objects\/x lies in no bucket's folder$/],
  ["a bad bucket", { "objects/A_B/x": "" }, /objects\/A_B: not a name that a bucket can have$/],
] as const) {
  test(`a seed with ${what} is refused by its name`, async (t) => {
    const seedFolder = await newFolder(t, files);
    await assert.rejects(startLocalAws({ seedFolder }), { message });
  });
}
