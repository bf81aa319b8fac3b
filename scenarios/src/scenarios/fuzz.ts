/** Mutated raw requests against a gateway whose upstream judges what comes through. */
import { fuzzOnce } from "../fuzz/fuzz-connection.ts";
import { goodRequests } from "../fuzz/good-requests.ts";
import { mutatedRequest } from "../fuzz/mutate.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../fuzz/scripted-upstream.ts";
import { ask } from "../rig/ask.ts";
import { seededRandom } from "../rig/random.ts";
import { type ServiceProcess, startProcess } from "../rig/service-process.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

/** Each request has a seed of its own, this one plus its number, so that one can be repeated alone. */
const SEED = 20_260_101;
const REQUESTS = { test: 4000, soak: 200_000 } as const;
const CONNECTIONS = 96;
/** One of so many clients waits for the server's own time limits. */
const PATIENT_EVERY = 400;
const LIMITS = { patienceMs: 120, hangMs: 11_000 };
const SHOWN_FAULTS = 20;

export const fuzz: Scenario = {
  name: "fuzz",
  how: `raw requests with up to four mutations, seed ${SEED} plus the request's number, behind up to three good ones on one connection in three, ${CONNECTIONS} connections at once; a scripted upstream judges what comes through`,
  run: runFuzz,
};

async function runFuzz(size: SizeName, stage: Stage): Promise<void> {
  const { gateway, upstream } = await startFuzzed(stage);
  const total = REQUESTS[size];
  const { faults, sent, statuses, seconds, slowestMs } = await sendFuzz(stage, gateway.port, total);

  const count = `${sent} requests`;
  const table = [...statuses].toSorted(([a], [b]) => a - b);
  const answers = table.map(([status, number]) => `${status} × ${number}`).join(", ");
  stage.note("fuzz: answers", count, `${answers}; ${Math.round(sent / seconds)} a second`);
  const matching = (pattern: RegExp) => faults.filter((fault) => pattern.test(fault)).length;
  const none = (what: string, found: number) =>
    stage.check(`fuzz: ${what}`, "0", found === 0, count, String(found));
  none("answers of 500 and above", matching(/: answered /));
  none("connections open after 10 s", matching(/: still open/));
  none("answers too many", matching(/: \d+ answers|: bytes behind/));
  none(
    "answers out of place, or none, to good requests",
    matching(/ in the place of | is missing/),
  );
  none("upstream requests outside the allowed", upstream.trespasses.length);
  for (const trespass of upstream.trespasses.slice(0, SHOWN_FAULTS)) stage.progress(trespass);
  const isAlive = (await ask(gateway.url, "/livez")).status === 200;
  const crashed = gateway.log.lines.filter(({ level }) => level === "fatal");
  none("crashes", crashed.length + (isAlive && !gateway.hasExited ? 0 : 1));
  for (const line of crashed.slice(0, 3)) stage.progress(JSON.stringify(line));
  stage.within("fuzz: longest connection", 10_000, slowestMs, count);
  stage.note("fuzz: requests that came through", count, String(upstream.requests()));
}

export interface Fuzzed {
  readonly gateway: ServiceProcess;
  readonly upstream: ScriptedUpstream;
}

export async function startFuzzed(stage: Stage): Promise<Fuzzed> {
  const upstream = await startScriptedUpstream(stage);
  const env = { ENVIRONMENT: "dev", AUX_SERVICE_URL: upstream.url, DRAIN_DELAY_SECONDS: "0" };
  const gateway = await startProcess(stage, "gateway", env, "/readyz");
  gateway.log.keepsRequests = false;
  return { gateway, upstream };
}

export interface FuzzResult {
  /** A sentence for each rule that was broken, with the number of the request. */
  readonly faults: readonly string[];
  readonly sent: number;
  readonly statuses: ReadonlyMap<number, number>;
  readonly seconds: number;
  readonly slowestMs: number;
}

/** @param isEnough what has been found by then ends it early. */
export async function sendFuzz(
  stage: Stage,
  port: number,
  total: number,
  isEnough: (faults: readonly string[]) => boolean = () => false,
): Promise<FuzzResult> {
  const faults: string[] = [];
  const statuses = new Map<number, number>();
  let sent = 0;
  let slowestMs = 0;
  const startedAt = performance.now();

  const client = async () => {
    while (sent < total && !isEnough(faults)) {
      const number = sent++;
      if (number > 0 && number % 20_000 === 0) stage.progress(`${number} of ${total} requests`);
      const random = seededRandom(SEED + number);
      const text = mutatedRequest(random);
      const good = goodRequests(random, number);
      const isPatient = number % PATIENT_EVERY === 0;
      const verdict = await fuzzOnce(port, { good, text }, random, isPatient, LIMITS);
      for (const status of verdict.statuses) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      slowestMs = Math.max(slowestMs, verdict.tookMs);
      for (const fault of verdict.faults) {
        faults.push(`#${number}: ${fault}`);
        if (faults.length > SHOWN_FAULTS) continue;
        stage.progress(
          `#${number} ${fault}\n  sent ${good.length} good requests, then ${abridged(text)}`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  const seconds = (performance.now() - startedAt) / 1000;
  return { faults, sent, statuses, seconds, slowestMs };
}

/** The request as a string literal, long runs of one piece cut. */
function abridged(text: string): string {
  return JSON.stringify(text.replace(/(.{1,3}?)\1{30,}/gs, "$1…")).slice(0, 1500);
}
