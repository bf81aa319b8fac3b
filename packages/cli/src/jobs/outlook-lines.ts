/** When a job starts, its place in line, and what its owner can do: for people. */
import type { JobExplanation } from "@airlock/contract";
import { oneLine } from "../output/text-width.ts";
import { timeAndDistance } from "../output/times.ts";

type Outlook = Pick<JobExplanation, "position" | "start" | "remedies">;

export function outlookLines({ position, start, remedies }: Outlook, now: number): string[] {
  const place = position === null ? [] : [`Its place in line: ${position}.`];
  const times = start
    ? [
        `Likely to start by ${timeAndDistance(start.p50, now)}; nine of ten such jobs have by ${timeAndDistance(start.p90, now)}.`,
      ]
    : [];
  return [...place, ...times, ...remedies.map((remedy) => `- ${oneLine(remedy)}`)];
}
