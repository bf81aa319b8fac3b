/** When a job starts, its place in line, and what its owner can do: for people. */
import type { JobExplanation } from "@airlock/contract";
import { oneLine } from "../output/text-width.ts";
import { timeAndDistance } from "../output/times.ts";

type Outlook = Pick<JobExplanation, "position" | "start" | "remedies">;

export function outlookLines({ position, start, remedies }: Outlook, now: number): string[] {
  const place = position === null ? [] : [`Its place in line: ${position}.`];
  const times = start ? [startLine(start, now)] : [];
  return [...place, ...times, ...remedies.map((remedy) => `- ${oneLine(remedy)}`)];
}

function startLine({ p50, p90 }: NonNullable<Outlook["start"]>, now: number): string {
  const likely = timeAndDistance(p50, now);
  const late = timeAndDistance(p90, now);
  const most = late === likely ? "" : `; nine of ten such jobs have by ${late}`;
  return `Likely to start by ${likely}${most}.`;
}
