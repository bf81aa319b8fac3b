/** Gateways are replaced under an ssh, a forwarded port and a log that is followed: each is kept or told, and none hangs. */
import { once } from "node:events";
import { join } from "node:path";
import { findSshd } from "@airlock/local-kubernetes";
import { gpuDev, type Program, startGpuDev, startProgram } from "../rig/program.ts";
import type { ServiceProcess } from "../rig/service-process.ts";
import { type Box, connectTo, forwardTo, startBox } from "../rig/tunnels.ts";
import { until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

const ROUNDS = { test: 1, soak: 10 } as const;
const TICKS = 60;
/** A close frame, and the end of ssh. */
const TOLD_MS = 3000;
/** The last tick, and the end of everything. */
const KEPT_MS = 20_000;

export const tunnelRestart: Scenario = {
  name: "tunnel-restart",
  how: "two gateways behind a TCP balancer, one replaced by another ten times while `ssh` runs a command in a box through it: with TUNNEL_DRAIN_SECONDS=0, with a forwarded port and a log that is followed beside it; with 60, to the command's end",
  isSoakOnly: true,
  async run(size: SizeName, stage: Stage) {
    const sshd = findSshd();
    if (typeof sshd === "string") return stage.note("ssh", "–", `not run: ${sshd}`);
    const box = await startBox(stage, { isDirect: false });
    await gpuDev(stage, ["config", "ssh"], box.env);
    const gateways = new Gateways(box);
    await told(stage, box, sshd.user, gateways, ROUNDS[size]);
    await kept(stage, box, sshd.user, gateways, ROUNDS[size]);
  },
};

/** Two of them; which one a connection goes to is the balancer's choice. */
class Gateways {
  readonly #box: Box;
  #running: ServiceProcess[];

  constructor(box: Box) {
    this.#box = box;
    this.#running = [box.rig.gateway];
  }

  /** Those that there are go; two come with this setting. */
  async renew(drainSeconds: number): Promise<void> {
    const before = this.#running;
    this.#running = [];
    for (const old of before) this.#box.rig.removeGateway(old);
    await Promise.all([this.add(drainSeconds), this.add(drainSeconds)]);
    for (const old of before) old.signal("SIGTERM");
  }

  async add(drainSeconds: number): Promise<void> {
    const env = { TUNNEL_DRAIN_SECONDS: String(drainSeconds) };
    this.#running.push(await this.#box.rig.addGateway(env));
  }

  /** Stops those that hold something, as a rolling update does: no new connections, then SIGTERM. */
  async stopHolding(): Promise<readonly ServiceProcess[]> {
    const holding: ServiceProcess[] = [];
    for (const gateway of this.#running) {
      const waiting = await gateway.metric("airlock_http_requests_waiting");
      if (waiting > 0) holding.push(gateway);
    }
    for (const gateway of holding) {
      this.#box.rig.removeGateway(gateway);
      gateway.signal("SIGTERM");
    }
    this.#running = this.#running.filter((gateway) => !holding.includes(gateway));
    return holding;
  }
}

const ticking = (count: number) => `for i in $(seq 1 ${count}); do echo tick $i; sleep 0.1; done`;

const startSsh = (stage: Stage, { home, podName, env }: Box, user: string, command: string) => {
  const config = join(home, ".gpu-dev/ssh_config");
  return startProgram(stage, ["ssh", "-F", config, `${user}@${podName}`, command], env);
};

async function told(
  stage: Stage,
  box: Box,
  user: string,
  gateways: Gateways,
  rounds: number,
): Promise<void> {
  await gateways.renew(0);
  const words = ["submit", "--image", "registry.example.com/job:1", "--", "sh", "-c"];
  const lines = `i=0; while sleep 0.1; do i=$((i+1)); echo line $i; done`;
  const job = (await gpuDev(stage, [...words, lines], box.env)).trim();
  const following = startGpuDev(stage, ["logs", "-f", job], box.env);
  await following.printed(/line 1\n/);
  const through = await forwardTo(stage, box);
  const seen = { told: 0, again: 0, forwarded: 0 };
  let slowestMs = 0;
  for (let round = 0; round < rounds; round++) {
    const ssh = startSsh(stage, box, user, ticking(6000));
    await ssh.printed(/tick 3\n/);
    const forwarded = connectTo(through.port);
    forwarded.write("echo\nhello");
    await once(forwarded, "data");
    const began = performance.now();
    await gateways.stopHolding();
    const { code, err } = await Promise.race([ssh.ended, hung(TOLD_MS * 10)]);
    slowestMs = Math.max(slowestMs, performance.now() - began);
    if (code === 255 && /being restarted\.\n {2}Connect again/.test(err)) seen.told++;
    else stage.progress(`exit ${code}: ${err}`);
    if (!forwarded.closed) await Promise.race([once(forwarded, "close"), hung(TOLD_MS * 10)]);
    await gateways.add(0);
    const again = await startSsh(stage, box, user, "echo again").ended;
    if (again.code === 0 && again.out === "again\n") seen.again++;
    else stage.progress(`exit ${again.code}: ${again.err}`);
    const next = connectTo(through.port);
    next.write("echo\nnext");
    if (String((await once(next, "data"))[0]) === "next") seen.forwarded++;
    next.destroy();
  }
  const count = `${rounds} restarts`;
  const all = (what: string, number: number, result: string) =>
    stage.check(what, "each time", number === rounds, count, `${number} of ${rounds} ${result}`);
  all("at once: ssh ends with 255 and gpu-dev's sentence", seen.told, "told");
  stage.within("at once: ssh has ended", TOLD_MS, slowestMs, count);
  all("at once: the next ssh works", seen.again, "worked");
  all("at once: the same forwarded port works", seen.forwarded, "worked");
  await checkLog(stage, box, job, following, rounds);
  through.program?.child.kill("SIGKILL");
}

const hung = (limitMs: number) =>
  new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`it hangs: nothing in ${limitMs} ms`)), limitMs).unref();
  });

/** Each line once, in order, to the job's end. */
async function checkLog(
  stage: Stage,
  { env }: Box,
  job: string,
  following: Program,
  rounds: number,
): Promise<void> {
  await gpuDev(stage, ["cancel", job, "--yes"], env);
  const { code, out, err } = await Promise.race([following.ended, hung(60_000)]);
  // beside what the stand-in and the shell say of its beginning and its end
  const lines = out.split("\n").filter((line) => line.startsWith("line "));
  const wrong = lines.findIndex((line, index) => line !== `line ${index + 1}`);
  const isFine = code === 0 && wrong < 0 && lines.length > rounds;
  if (!isFine) {
    const around = lines.slice(Math.max(0, wrong - 2), wrong + 3).join(", ");
    stage.progress(`exit ${code}: ${err}; about line ${wrong + 1}: ${around}`);
  }
  const count = `${rounds} restarts, ${lines.length} lines`;
  stage.check("at once: logs -f has each line once", "all", isFine, count, isFine ? "all" : "not");
}

async function kept(
  stage: Stage,
  box: Box,
  user: string,
  gateways: Gateways,
  rounds: number,
): Promise<void> {
  await gateways.renew(60);
  const seen = { whole: 0, clean: 0 };
  let slowestMs = 0;
  for (let round = 0; round < rounds; round++) {
    const ssh = startSsh(stage, box, user, ticking(TICKS));
    await ssh.printed(/tick 3\n/);
    const [holding] = await gateways.stopHolding();
    const began = performance.now();
    await gateways.add(60);
    const { code, out } = await Promise.race([ssh.ended, hung(KEPT_MS * 5)]);
    const wanted = Array.from({ length: TICKS }, (_, index) => `tick ${index + 1}\n`).join("");
    if (code === 0 && out === wanted) seen.whole++;
    await until("the gateway has ended", () => holding?.hasExited === true, 30_000).catch(() => {});
    if (holding && (await holding.exited).code === 0) seen.clean++;
    slowestMs = Math.max(slowestMs, performance.now() - began);
  }
  const count = `${rounds} restarts`;
  const result = `${seen.whole} of ${rounds}`;
  stage.check(
    "within 60 s: ssh goes on to its command's end",
    "each time",
    seen.whole === rounds,
    count,
    result,
  );
  const ends = `${seen.clean} of ${rounds}`;
  stage.check(
    "within 60 s: the gateway then exits with 0",
    "each time",
    seen.clean === rounds,
    count,
    ends,
  );
  stage.within(
    `within 60 s: the command of ${TICKS / 10} s, and both have ended`,
    KEPT_MS,
    slowestMs,
    count,
  );
}
