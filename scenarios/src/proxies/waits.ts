/** Waits of the longest kind, and a loop of waits whose If-None-Match is lost on the way. */
import { ask } from "../rig/ask.ts";
import { plantedName } from "../rig/pair.ts";
import { duration, type Stage } from "../scenario.ts";
import type { Door } from "./proxy.ts";
import type { ProxyRig } from "./rig.ts";

const WAITERS = 40;
const LONGEST_MS = 60_000;
const LOOP_MS = 3000;
/** What either gateway answers at once in a minute, and one behind that. */
const MOST_AT_ONCE = 2 * 10 + 1;

export async function longestWaits(stage: Stage, rig: ProxyRig, { url }: Door): Promise<void> {
  const waits = Array.from({ length: WAITERS }, async (_, n) => {
    const path = `/config/${plantedName(n % 20)}`;
    const known = String((await ask(url, path)).headers.etag);
    const headers = { "if-none-match": known };
    return ask(url, `${path}?wait=60s`, { headers, limitMs: 3 * LONGEST_MS });
  });
  const values = await Promise.all([...waits, ...(await eventWaits(rig, url))]);
  const isRight = ({ status, body }: (typeof values)[number]) =>
    status === 304 || (status === 200 && body.startsWith('{"events":[]'));
  const right = values.filter(isRight).length;
  const count = `${values.length} waits`;
  const statuses = [...new Set(values.map(({ status, error }) => error ?? status))].join(", ");
  stage.check("wait=60s: 304, or no event", "all", right === values.length, count, statuses);
  const longestMs = Math.max(...values.map(({ tookMs }) => tookMs));
  const isInTime = longestMs < LONGEST_MS;
  stage.check("wait=60s: the longest", "< 60 s", isInTime, count, duration(longestMs));
}

/** Four who wait for the second event of a job. */
async function eventWaits(rig: ProxyRig, url: string) {
  const [key = ""] = rig.keys;
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const body = JSON.stringify({ image: "img", instance_type: "p5.48xlarge" });
  const submitted = await fetch(`${url}/v1/jobs/submit`, { method: "POST", headers, body });
  const { job_id: id } = (await submitted.json()) as { job_id: string };
  const path = `/v1/jobs/${id}/events?after=1&wait=60s`;
  return Array.from({ length: 4 }, () => ask(url, path, { headers, limitMs: 3 * LONGEST_MS }));
}

export async function noSpin(stage: Stage, _rig: ProxyRig, { url, name }: Door): Promise<void> {
  const path = "/config/my-parameter?wait=2s";
  const gzip = { "accept-encoding": "gzip" };
  for (const [what, most, conditionOf] of [
    ["with the ETag of a gzipped answer", 4, (etag: string) => ({ "if-none-match": etag })],
    [
      "with -gzip at its end",
      4,
      (etag: string) => ({ "if-none-match": etag.replace(/"$/, '-gzip"') }),
    ],
    ["without If-None-Match", MOST_AT_ONCE, () => ({})],
  ] as const) {
    const end = performance.now() + LOOP_MS;
    let etag = (await ask(url, path, { headers: gzip })).headers.etag ?? "";
    let answers = 0;
    while (performance.now() < end) {
      const headers = { ...gzip, ...conditionOf(etag) };
      const answer = await ask(url, path, { headers });
      etag = answer.headers.etag ?? etag;
      answers++;
    }
    const promise = `≤ ${most}`;
    stage.check(`a loop of waits for 3 s ${what}`, promise, answers <= most, name, String(answers));
  }
}
