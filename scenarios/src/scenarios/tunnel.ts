/** Tunnels at full speed, a hundred at once, and with clients that leave, vanish or stop reading. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { join } from "node:path";
import { findSshd } from "@airlock/local-kubernetes";
import { sendAll, takeAll } from "../rig/bytes.ts";
import { gpuDev, startProgram } from "../rig/program.ts";
import {
  type Box,
  connectTo,
  countHops,
  forwardTo,
  relayTo,
  startBox,
  tellOf,
} from "../rig/tunnels.ts";
import { percentile, sleep, until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

const MIB = 2 ** 20;
const SIZES = {
  test: { bytes: 8 * MIB, rounds: 1, tunnels: 10 },
  soak: { bytes: 256 * MIB, rounds: 7, tunnels: 100 },
} as const;
const BYTES_PER_MS = 40_000;
/** gpu-dev, gateway, jobs, processor. */
const HOPS = 4;
/** More while a hundred are busy, and when they are gone. */
const ALLOWED_MIB = { during: 64, after: 48 } as const;
/** A ping, and 2 s. */
const GONE_MS = 22_000;
const LOST_MS = 4 * GONE_MS;

export const tunnel: Scenario = {
  name: "tunnel",
  how: "a box behind gateway, jobs and processor, and a program that sends, takes and returns bytes in it. 256 MiB each way through `gpu-dev port-forward`, in turn with four processes in a row that only pass bytes on, 7 rounds; scp of 256 MiB both ways, and straight to the pod; 100 tunnels at once, each with 4 MiB there and back; gpu-dev killed, or stopped as if its machine had vanished, while its tunnel is quiet, full, or leads to a job that does not read; a reader that stops for two pings",
  isSoakOnly: true,
  async run(size: SizeName, stage: Stage) {
    // as k8s/base has it: what grows is then what clients hold, and not what the collector leaves lying
    const NODE_OPTIONS = "--max-old-space-size=216 --max-semi-space-size=4";
    const box = await startBox(stage, { servicesEnv: { NODE_OPTIONS } });
    await speeds(stage, box, SIZES[size]);
    await copies(stage, box, SIZES[size].bytes);
    await manyAtOnce(stage, box, SIZES[size].tunnels);
    await leavers(stage, box);
    await stoppedReader(stage, box);
  },
};

async function speeds(
  stage: Stage,
  box: Box,
  { bytes, rounds }: { bytes: number; rounds: number },
): Promise<void> {
  const through = await forwardTo(stage, box);
  const direct = await relayTo(stage, box, HOPS);
  const took = { up: [] as number[], down: [] as number[] };
  const ratios = { up: [] as number[], down: [] as number[] };
  const move = { up: sendAll, down: takeAll };
  for (const way of ["up", "down"] as const) {
    for (const { port } of [through, direct]) await move[way](port, bytes / 4);
    for (let round = 0; round < rounds; round++) {
      const tunnelMs = await move[way](through.port, bytes);
      const directMs = await move[way](direct.port, bytes);
      took[way].push(tunnelMs);
      ratios[way].push(directMs / tunnelMs);
    }
    const median = percentile(took[way], 0.5);
    const count = `${rounds} rounds of ${bytes / MIB} MiB`;
    stage.within(
      `${way}: ${bytes / MIB} MiB, ${rate(bytes, median)}`,
      bytes / BYTES_PER_MS,
      median,
      count,
    );
    const share = percentile(ratios[way], 0.5) * 100;
    const range = `${rate(bytes, Math.max(...took[way]))} to ${rate(bytes, Math.min(...took[way]))}`;
    stage.note(
      `${way}: share of what goes through four bare relays`,
      count,
      `${share.toFixed(0)} % (${range})`,
    );
  }
  through.program?.child.kill("SIGKILL");
  await through.program?.ended;
}

const rate = (bytes: number, ms: number): string => `${(bytes / ms / 1000).toFixed(0)} MB/s`;

async function copies(stage: Stage, box: Box, bytes: number): Promise<void> {
  const sshd = findSshd();
  if (typeof sshd === "string") {
    stage.note("scp", "–", `not run: ${sshd}`);
    return;
  }
  const { env, home, podName, podIP } = box;
  await gpuDev(stage, ["config", "ssh"], env);
  const [here, back] = [join(home, "here"), join(home, "back")];
  const there = `${sshd.user}@${podName}:there`;
  const content = randomBytes(bytes);
  await writeFile(here, content);
  const hash = (data: Buffer) => createHash("sha256").update(data).digest("hex");
  const count = `${bytes / MIB} MiB`;
  const straight = { ProxyCommand: "none", HostName: podIP, Port: "2222", HostKeyAlias: podName };
  for (const [name, options] of [
    ["scp", {}],
    ["scp straight to the pod", straight],
  ] as const) {
    const scp = async (from: string, to: string) => {
      const began = performance.now();
      const config = ["-F", join(home, ".gpu-dev/ssh_config")];
      const more = Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
      const words = ["scp", "-q", ...config, ...more, from, to];
      const { code, err } = await startProgram(stage, words, env).ended;
      if (code !== 0) throw new Error(`${words.join(" ")}: exit ${code}: ${err}`);
      return performance.now() - began;
    };
    const times = { up: await scp(here, there), down: await scp(there, back) };
    const isEqual = hash(content) === hash(await readFile(back));
    stage.check(
      `${name}: SHA-256`,
      "equal",
      isEqual,
      `${count} there and back`,
      isEqual ? "equal" : "other",
    );
    const rates = Object.entries(times).map(([way, ms]) => `${way} ${rate(bytes, ms)}`);
    stage.note(`${name}, its start and login included`, count, rates.join(", "));
  }
}

async function manyAtOnce(stage: Stage, box: Box, tunnels: number): Promise<void> {
  const through = await forwardTo(stage, box);
  const content = randomBytes(4 * MIB);
  // as much as a first hundred leaves behind is not what the next one costs
  await exchangeAll(box, through.port, tunnels, content);
  const before = await rssOf(box);
  const peaks = [...before];
  let isOver = false;
  const sampling = (async () => {
    while (!isOver) {
      for (const [n, rss] of (await rssOf(box)).entries()) peaks[n] = Math.max(peaks[n] ?? 0, rss);
      await sleep(100);
    }
  })();
  const { open, hashes } = await exchangeAll(box, through.port, tunnels, content);
  isOver = true;
  await sampling;
  const after = await rssOf(box);
  const count = `${tunnels} tunnels`;
  const wanted = createHash("sha256").update(content).digest("hex");
  const right = hashes.filter((hash) => hash === wanted).length;
  stage.check("at once: what came back", "all of it", right === tunnels, count, `${right} equal`);
  const isCounted = open.every((one) => one === tunnels);
  stage.check(
    "at once: in gateway, jobs, processor and pod",
    `${tunnels} each`,
    isCounted,
    count,
    open.join(", "),
  );
  for (const [n, { name }] of box.hops.entries()) {
    const mib = (values: readonly number[]) => (values[n] ?? 0) / MIB;
    const [idle, peak, left] = [mib(before), mib(peaks), mib(after)];
    const isKept = peak - idle < ALLOWED_MIB.during && left - idle < ALLOWED_MIB.after;
    const promise = `< ${ALLOWED_MIB.during} MiB more, < ${ALLOWED_MIB.after} after`;
    const told = `${idle.toFixed(0)}, ${peak.toFixed(0)}, ${left.toFixed(0)} MiB`;
    stage.check(`at once: memory of ${name} before, during, after`, promise, isKept, count, told);
  }
  through.program?.child.kill("SIGKILL");
  await through.program?.ended;
}

const rssOf = (box: Box): Promise<number[]> => Promise.all(box.hops.map((hop) => hop.rssBytes()));

/** All at once: how many each hop counts, and what came back; then they are closed. */
async function exchangeAll(box: Box, port: number, tunnels: number, content: Buffer) {
  const sockets = Array.from({ length: tunnels }, () => connectTo(port));
  for (const socket of sockets) socket.write("echo\n");
  const open = await untilSteady(box, tunnels);
  const hashes = await Promise.all(sockets.map((socket) => echoed(socket, content)));
  for (const socket of sockets) socket.destroy();
  await untilSteady(box, 0);
  return { open, hashes };
}

/** @returns the SHA-256 of as many bytes as were sent. */
async function echoed(socket: Socket, content: Buffer): Promise<string> {
  const hash = createHash("sha256");
  let left = content.length;
  const all = new Promise<void>((resolve, reject) => {
    socket.on("data", (part: Buffer) => {
      hash.update(part);
      left -= part.length;
      if (left === 0) resolve();
    });
    socket.once("close", () => reject(new Error(`${left} bytes did not come back`)));
  });
  socket.write(content);
  await all;
  return hash.digest("hex");
}

/** @returns what each hop counts, once it is this or has not become so in time. */
async function untilSteady(box: Box, wanted: number): Promise<readonly number[]> {
  let seen: readonly number[] = [];
  const isThere = async () => {
    seen = await countHops(box);
    return seen.every((count) => count === wanted);
  };
  await until(`${wanted} tunnels`, isThere, 20_000, 50).catch(() => {});
  return seen;
}

const STATES = {
  quiet: "echo\nhello",
  "full, for nobody reads here": `give ${1024 * MIB}\n`,
  "full, for the job does not read": "hold\n",
} as const;

async function leavers(stage: Stage, box: Box): Promise<void> {
  const cases = [
    ["SIGKILL", "quiet"],
    ["SIGKILL", "full, for nobody reads here"],
    ["SIGKILL", "full, for the job does not read"],
    ["SIGSTOP", "quiet"],
    ["SIGSTOP", "full, for nobody reads here"],
  ] as const;
  for (const [signal, state] of cases) {
    const through = await forwardTo(stage, box);
    const socket = connectTo(through.port);
    socket.write(STATES[state]);
    if (state === "full, for the job does not read") await fill(socket);
    else if (state === "quiet") await once(socket, "data");
    else await stopped(() => tellOf(box).then(({ given }) => given));
    through.program?.child.kill(signal);
    const who = signal === "SIGKILL" ? "killed" : "vanished";
    const tookMs = await until(
      "it is gone",
      async () => (await countHops(box)).every((count) => count === 0),
      LOST_MS,
      100,
    ).catch(() => Number.POSITIVE_INFINITY);
    stage.within(
      `gpu-dev ${who}, its tunnel ${state}: nothing is left at any hop`,
      GONE_MS,
      tookMs,
      "1 tunnel",
    );
    through.program?.child.kill("SIGKILL");
    socket.destroy();
  }
}

/** Writes until nobody takes more. */
async function fill(socket: Socket): Promise<void> {
  const block = Buffer.alloc(MIB);
  await stopped(async () => {
    while (!socket.writableNeedDrain) socket.write(block);
    return socket.bytesWritten - socket.writableLength;
  });
}

/** Waits until a number stays what it is for a second. */
async function stopped(look: () => Promise<number>): Promise<number> {
  let before = Number.NaN;
  for (let now = await look(); now !== before; now = await look()) {
    before = now;
    await sleep(1000);
  }
  return before;
}

async function stoppedReader(stage: Stage, box: Box): Promise<void> {
  const through = await forwardTo(stage, box);
  const before = await rssOf(box);
  const size = 256 * MIB;
  const socket = connectTo(through.port);
  socket.write(`give ${size}\n`);
  // two pings, and one more second
  await sleep(2 * GONE_MS);
  const { given } = await tellOf(box);
  const during = await rssOf(box);
  let taken = 0;
  socket.on("data", (part: Buffer) => {
    taken += part.length;
  });
  await until("all has come", () => taken === size, 60_000).catch(() => {});
  const count = "1 tunnel, 44 s";
  const isHeld = given < 64 * MIB;
  stage.check(
    "a reader that stops: taken of the job",
    "< 64 MiB",
    isHeld,
    count,
    `${(given / MIB).toFixed(0)} MiB`,
  );
  for (const [n, { name }] of box.hops.entries()) {
    const grown = ((during[n] ?? 0) - (before[n] ?? 0)) / MIB;
    stage.check(
      `a reader that stops: memory of ${name}`,
      "< 16 MiB more",
      grown < 16,
      count,
      `+ ${grown.toFixed(1)} MiB`,
    );
  }
  stage.check(
    "a reader that stops: what it has when it goes on",
    "all of it",
    taken === size,
    count,
    `${taken / MIB} MiB`,
  );
  socket.destroy();
  through.program?.child.kill("SIGKILL");
}
