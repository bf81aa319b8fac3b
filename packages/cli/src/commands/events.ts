/** `gpu-dev events`: what happened to a job. */
import type { JobEvent, JobEvents } from "@airlock/contract";
import type { Api } from "../api/api.ts";
import { createPatience } from "../api/patience.ts";
import { command, JSON_FLAG } from "../command.ts";
import type { Context } from "../context.ts";
import { findJobOrOnly, jobPath } from "../jobs/find-job.ts";
import { fitted } from "../output/output.ts";
import { oneLine } from "../output/text-width.ts";
import { inLocalTime, localTime } from "../output/times.ts";

export const events = command({
  name: "events",
  about: "show what happened to a job, in its order",
  operands: [{ name: "ID", isOptional: true, names: "job" }],
  flags: {
    follow: { short: "f", about: "go on until the job is over" },
    ...JSON_FLAG,
  },
  examples: ["gpu-dev events 3f2a91bc", "gpu-dev events -f --json 3f2a91bc"],
  async run({ flags: { follow, json }, operands: [id] }, context) {
    const { output } = context;
    const api = await context.api();
    const { job_id: jobId } = await findJobOrOnly(api, id, "gpu-dev events ID");
    const path = `${jobPath(jobId)}/events`;
    const print = (event: JobEvent) => output.print(fitted(lineOf(event), output));
    if (follow) return await goOn(path, json ? output.jsonLine : print, api, context);
    const all: JobEvent[] = [];
    for (let after = 0; ; ) {
      const { events, next_seq } = await api.get<JobEvents>(path, { after });
      if (events.length === 0) break;
      all.push(...events);
      after = next_seq;
    }
    if (json) output.json({ job_id: jobId, events: all });
    else for (const event of all) print(event);
  },
});

const WAIT = "20s";
const PAUSE_MS = 1000;

/** A service that is away for a while is told of and waited for: by its numbers no event is missed, and none comes twice. */
async function goOn(
  path: string,
  tell: (event: JobEvent) => void,
  api: Api,
  context: Context,
): Promise<undefined> {
  const { output, clock, signal } = context;
  const patience = createPatience("Trying again.", context);
  for (let after = 0; ; ) {
    try {
      const page = await api.get<JobEvents>(path, { after, wait: WAIT });
      patience.seen();
      output.clear();
      for (const event of page.events) tell(event);
      after = page.next_seq;
      if (page.is_over) return undefined;
    } catch (error) {
      patience.bear(error);
      await clock.sleep(PAUSE_MS, signal);
    }
  }
}

/** `2026-01-15 17:30:00  placed  node n1`. */
function lineOf({ at, kind, data }: JobEvent): string {
  const { detail, reason, warning, error, ...rest } = data;
  const sentence = detail ?? reason ?? warning ?? error;
  const facts = Object.entries(rest).filter(
    ([name, value]) => name !== "order_id" && ["string", "number"].includes(typeof value),
  );
  const words =
    typeof sentence === "string"
      ? sentence
      : facts.map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`).join(", ");
  const what = kind.replaceAll("_", " ");
  return `${localTime(at)}  ${words === "" ? what : `${what}: ${oneLine(inLocalTime(words))}`}`;
}
