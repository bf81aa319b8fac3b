/** The session of aux in trouble: revoked, STS hanging and gone, and the machine's clock set both ways. */
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask } from "../rig/ask.ts";
import type { Entry } from "../rig/ledger.ts";
import { Load } from "../rig/load.ts";
import { NO_CACHE, type Pair, prepare } from "../rig/pair.ts";
import { sleep, until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";
import { checkLedger } from "./ledger-check.ts";

const SIZES = {
  test: { perSecond: 20, calmMs: 2500 },
  soak: { perSecond: 100, calmMs: 12_000 },
} as const;
/** From the end of the cause. */
const READY_MS = 15_000;

const isReady = async (pair: Pair): Promise<boolean> => {
  const [ready, health] = [await ask(pair.aux.url, "/readyz"), await ask(pair.aux.url, "/health")];
  return ready.status === 200 && health.body.includes('"state":"valid"');
};

const readyWithin = (stage: Stage, pair: Pair, what: string): Promise<void> =>
  until(what, () => isReady(pair), 5 * READY_MS)
    .catch(() => Number.POSITIVE_INFINITY)
    .then((ms) => stage.within(`${what}: ready and valid`, READY_MS, ms, "1 return"));

export const sessionTroubles: Scenario = {
  name: "session-troubles",
  how: "under 100 requests a second (20 in tests), none from a cache: sessions revoked, as ended and as unknown; STS hangs once; STS is gone for a while",
  async run(size: SizeName, stage: Stage) {
    const { perSecond, calmMs } = SIZES[size];
    const pair = await prepare(stage, { auxEnv: NO_CACHE });
    await pair.addAux();
    await pair.addGateway();
    await pair.warmUp();
    await pair.aws.forgetCalls();
    const load = new Load({ url: pair.url, perSecond });
    for (const as of ["expired", "unknown"] as const) {
      await sleep(calmMs);
      await pair.aws.revokeSessions(as);
      await readyWithin(stage, pair, `revoked as ${as}`);
    }
    await sleep(calmMs);
    const hangsAtMs = load.elapsedMs;
    await pair.aws.faults({ kind: "hang", service: "sts", count: 1 });
    await pair.aws.revokeSessions("expired");
    // no later than this is there a request that finds the session refused
    await sleep(1000);
    await readyWithin(stage, pair, "STS hung once");
    const readyAtMs = load.elapsedMs;
    await pair.aws.faults({ kind: "stsDown" });
    await sleep(calmMs);
    const isServing = await isReady(pair);
    const shown = isServing ? "yes" : "no";
    stage.check("STS gone within a session's life: ready", "yes", isServing, "1 probe", shown);
    await pair.aws.faults();
    const ledger = await load.stop();
    const count = `${ledger.entries.length} requests`;
    const isExplained = (one: Entry) =>
      one.status === 503 && one.startedAtMs < readyAtMs && one.startedAtMs + one.tookMs > hangsAtMs;
    const explained = ledger.failed.filter(isExplained).length;
    stage.note(
      "session troubles: 503 while STS hung and AWS took no session",
      count,
      `${explained}`,
    );
    const others = ledger.failed.length - explained;
    stage.check("session troubles: other failures", "0", others === 0, count, `${others}`);
    await checkLedger(stage, "session troubles", ledger, pair);
  },
};

/** Where Debian's package has it. */
async function fakeTimeLibrary(): Promise<string | undefined> {
  for (const folder of await readdir("/usr/lib").catch((): string[] => [])) {
    const files = await readdir(`/usr/lib/${folder}/faketime`).catch((): string[] => []);
    if (files.includes("libfaketime.so.1")) return `/usr/lib/${folder}/faketime/libfaketime.so.1`;
  }
  return undefined;
}

export const clockSet: Scenario = {
  name: "clock-set",
  how: "the clock of aux is set by +2 h, to −1 h and back under 100 requests a second, none from a cache, by Debian's faketime, which leaves the monotonic clock alone",
  isSoakOnly: true,
  async run(size: SizeName, stage: Stage) {
    const library = await fakeTimeLibrary();
    if (library === undefined) {
      stage.note("clock set", "–", "not run: faketime absent");
      return;
    }
    const folder = await mkdtemp(join(tmpdir(), "airlock-clock-"));
    stage.defer(() => rm(folder, { recursive: true }));
    const clock = join(folder, "clock");
    await writeFile(clock, "+0\n");
    const { perSecond, calmMs } = SIZES[size];
    const pair = await prepare(stage, {
      auxEnv: {
        ...NO_CACHE,
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
      },
    });
    const aux = await pair.addAux();
    await pair.addGateway();
    await pair.warmUp();
    await pair.aws.forgetCalls();
    const load = new Load({ url: pair.url, perSecond });
    let sessions = 0;
    for (const [ahead, hours] of [
      ["+2h", 2],
      ["-1h", -1],
      ["+0", 0],
    ] as const) {
      await sleep(calmMs);
      await writeFile(clock, `${ahead}\n`);
      sessions++;
      await readyWithin(stage, pair, `clock at ${ahead}`);
      await until(
        "a new session",
        async () => (await pair.aws.calls("sts.AssumeRole")) >= sessions,
      );
      const told = JSON.parse((await ask(aux.url, "/health")).body) as { timestamp: string };
      const shownHours = Math.round((Date.parse(told.timestamp) - Date.now()) / 3_600_000);
      stage.check(
        `clock at ${ahead}: aux sees it`,
        `${hours} h`,
        shownHours === hours,
        "1 look",
        `${shownHours} h`,
      );
    }
    await sleep(calmMs);
    const ledger = await load.stop();
    const count = `${ledger.entries.length} requests`;
    stage.check(
      "clock set: requests that fail",
      "0",
      ledger.failed.length === 0,
      count,
      ledger.summary(),
    );
    const asked = await pair.aws.calls("sts.AssumeRole");
    stage.check("clock set: calls to STS", "one a step", asked === sessions, count, `${asked}`);
  },
};
