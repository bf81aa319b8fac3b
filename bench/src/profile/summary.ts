/** Self time of a .cpuprofile, by area and by function. */
import { readFileSync } from "node:fs";
import { areaOf } from "./areas.ts";

/** The part of V8's format that is read here; times in microseconds. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const TOP_FUNCTIONS = 25;

export const readProfile = (file: string): CpuProfile =>
  JSON.parse(readFileSync(file, "utf8")) as CpuProfile;

/** @param lastMs only samples from so long before the end, less the time it takes to stop. */
export function summarise(profile: CpuProfile, lastMs: number): string {
  const byId = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const areas = new Map<string, number>();
  const functions = new Map<string, number>();
  let at = profile.endTime;
  let total = 0;
  for (let index = profile.samples.length - 1; index >= 0; index--) {
    const delta = profile.timeDeltas[index] ?? 0;
    at -= delta;
    if (profile.endTime - at > lastMs * 1000) break;
    const frame = byId.get(profile.samples[index] ?? 0);
    if (!frame) continue;
    const area = areaOf(frame.functionName, frame.url);
    if (area === "idle") continue;
    total += delta;
    areas.set(area, (areas.get(area) ?? 0) + delta);
    const label = `${frame.functionName || "(anonymous)"} | ${placeOf(frame)}`;
    functions.set(label, (functions.get(label) ?? 0) + delta);
  }
  const rows = (times: ReadonlyMap<string, number>, most: number) =>
    [...times]
      .sort(([, a], [, b]) => b - a)
      .slice(0, most)
      .map(([name, time]) => `| ${name} | ${((time / total) * 100).toFixed(1)} % |`);
  return [
    "| area | self time |",
    "|---|---|",
    ...rows(areas, areas.size),
    "",
    "| function | where | self time |",
    "|---|---|---|",
    ...rows(functions, TOP_FUNCTIONS),
  ].join("\n");
}

/** The end of the script's address and the line, free of where this machine keeps it. */
function placeOf({ url, lineNumber }: { url: string; lineNumber: number }): string {
  if (url === "") return "native";
  const path = url
    .replace(/^.*\/node_modules\//, "")
    .replace(/^.*\/((?:services|packages)\/)/, "$1");
  return `${path}:${lineNumber + 1}`;
}
