/** A large object through both doors: constant memory, resumed, left at half; and around them, by presigned addresses. */

import { execFile } from "node:child_process";
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ask } from "../rig/ask.ts";
import { type Pair, startPair } from "../rig/pair.ts";
import { sleep, until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

const MIB = 2 ** 20;
const SIZES = { test: 64 * MIB, soak: 1024 * MIB } as const;
const BUCKET = "airlock-data-dev";
const KEY = "big.bin";
const PATH = `/storage/${BUCKET}/${KEY}`;
const ALLOWED_GROWTH = 64 * MIB;
const run = promisify(execFile);

export const bigObject: Scenario = {
  name: "big-object",
  how: "an object of 1 GiB (64 MiB in tests) read through gateway and aux by a client that hashes it, read by curl in two parts, and left by a client at half (at an eighth: the sockets on the way hold up to 30 MiB)",
  async run(size: SizeName, stage: Stage) {
    const bytes = SIZES[size];
    const pair = await startPair(stage, { parameters: 0 });
    const sha256 = await pair.aws.bigObject(BUCKET, KEY, bytes);
    await warmStreams(pair);
    await readWhole(stage, pair, bytes, sha256);
    await resume(stage, pair, bytes, sha256);
    await leave(stage, pair, size === "soak" ? bytes / 2 : bytes / 8);
  },
};

/** The first streams make room for buffers that all later ones use again. */
async function warmStreams(pair: Pair): Promise<void> {
  await pair.aws.bigObject(BUCKET, "warm.bin", 32 * MIB);
  for (let n = 0; n < 2; n++) await hashed(`${pair.url}/storage/${BUCKET}/warm.bin`);
}

async function readWhole(stage: Stage, pair: Pair, bytes: number, sha256: string): Promise<void> {
  const services = [pair.gateway, pair.aux];
  const before = await Promise.all(services.map((service) => service.rssBytes()));
  const peaks = [...before];
  let isDone = false;
  const watching = (async () => {
    while (!isDone) {
      for (const [n, service] of services.entries()) {
        peaks[n] = Math.max(peaks[n] ?? 0, await service.rssBytes());
      }
      await sleep(200);
    }
  })();
  const startedAt = performance.now();
  const { hex, length } = await hashed(pair.url + PATH);
  const seconds = (performance.now() - startedAt) / 1000;
  isDone = true;
  await watching;
  const count = `${bytes / MIB} MiB`;
  const isRight = hex === sha256 && length === bytes;
  stage.check("object: SHA-256", "equal", isRight, count, isRight ? "equal" : "other");
  stage.note("object: speed", count, `${Math.round(bytes / MIB / seconds)} MiB/s`);
  for (const [n, { name }] of services.entries()) {
    const growth = (peaks[n] ?? 0) - (before[n] ?? 0);
    const result = `+ ${(growth / MIB).toFixed(0)} MiB`;
    stage.check(
      `object: memory of ${name}`,
      "< 64 MiB more",
      growth < ALLOWED_GROWTH,
      count,
      result,
    );
  }
}

async function hashed(url: string): Promise<{ hex: string; length: number }> {
  const hash: Hash = createHash("sha256");
  let length = 0;
  for await (const chunk of await open(url)) {
    hash.update(chunk as Buffer);
    length += (chunk as Buffer).length;
  }
  return { hex: hash.digest("hex"), length };
}

const open = (url: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(url, { agent: false }, resolve).on("error", reject);
  });

/** A download that broke off after a third is finished by `curl -C -`. */
async function resume(stage: Stage, pair: Pair, bytes: number, sha256: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-resume-"));
  stage.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, KEY);
  const third = Math.floor(bytes / 3);
  const url = pair.url + PATH;
  await run("curl", ["-sf", "-r", `0-${third - 1}`, "-o", file, url]);
  const { size: begun } = await stat(file);
  await run("curl", ["-sf", "-C", "-", "-o", file, url]);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  const isRight = begun === third && hash.digest("hex") === sha256;
  const count = `${bytes / MIB} MiB, from ${Math.round(third / MIB)} on`;
  stage.check(
    "object: resumed by curl -C -",
    "SHA-256 equal",
    isRight,
    count,
    isRight ? "equal" : "other",
  );
}

async function leave(stage: Stage, pair: Pair, afterBytes: number): Promise<void> {
  const answer = await open(pair.url + PATH);
  let length = 0;
  for await (const chunk of answer) {
    length += (chunk as Buffer).length;
    if (length >= afterBytes) break; // ends the connection
  }
  answer.destroy();
  const count = "1 reader";
  const resource = `${BUCKET}/${KEY}`;
  const isCut = async () => (await pair.aws.cutAfterMs(resource)) !== undefined;
  const tookMs = await until("S3's answer is cut", isCut, 10_000).catch(() => Infinity);
  stage.within("object: left in the middle, the read from S3 ends", 1000, tookMs, count);
}

/** Aux's policy for presigned uploads, which it does not allow by itself. */
const POLICY = `version: 1
rules:
  - id: data
    callers: ["*"]
    verbs: [list, read, presign-get, presign-put]
    buckets: ["${BUCKET}"]
    objects: ["${BUCKET}/**"]
`;

export const presigned: Scenario = {
  name: "presigned",
  how: "curl puts an object at a presigned address and fetches it from another, with nothing but the address; sessions of aux last 15 minutes",
  async run(_size, stage) {
    const folder = await mkdtemp(join(tmpdir(), "airlock-policy-"));
    stage.defer(() => rm(folder, { recursive: true, force: true }));
    const policy = join(folder, "policy.yaml");
    await writeFile(policy, POLICY);
    const pair = await startPair(stage, { parameters: 0, auxEnv: { ACCESS_POLICY_FILE: policy } });
    const health = JSON.parse((await ask(pair.aux.url, "/health")).body);
    const sessionEnds = Date.parse(health.aws_session.expires_at);
    const addressOf = async (query: string) => {
      const { status, body } = await ask(pair.url, `/presigned/${BUCKET}/up/load+1%20.txt${query}`);
      if (status !== 200) throw new Error(`${query}: ${status} ${body}`);
      return JSON.parse(body) as { url: string; method: string; expires_at: string };
    };
    const put = await addressOf("?method=PUT&expires_in=604800");
    const got = await addressOf("");
    await run("curl", ["-sf", "-X", "PUT", "--data-binary", "sent by curl", put.url]);
    const { stdout } = await run("curl", ["-sf", got.url]);
    const isSame = stdout === "sent by curl";
    stage.check("presigned: put and got by curl", "the same bytes", isSame, "1 object", stdout);
    const seen = await ask(pair.url, `/storage/${BUCKET}/up/load+1%20.txt`);
    stage.check(
      "presigned: then read at the gateway",
      "the same",
      seen.body === stdout,
      "1 object",
      seen.body,
    );
    const late = [put, got].filter(({ expires_at }) => Date.parse(expires_at) > sessionEnds).length;
    const when = `${put.expires_at}, session ${health.aws_session.expires_at}`;
    stage.check("presigned: expires_at after the session", "0", late === 0, "2 addresses", when);
  },
};
