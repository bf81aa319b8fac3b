/** What was measured, as one Markdown table that is also readable on a terminal. */
import type { BenchmarkResult } from "./benchmark.ts";
import { CASES, CONNECTIONS, MANY_CONNECTIONS } from "./cases.ts";
import type { Memory } from "./child.ts";
import { PER_SECOND } from "./rate.ts";
import type { Series } from "./rounds.ts";
import { median, type PairedRatio, pairedRatio } from "./statistics.ts";

const HEADER = [
  "load",
  "proxy",
  "of nginx, requests/s",
  "of nginx, CPU",
  "of reply-from, requests/s",
  "CPU ms per 10,000",
  "core busy",
  "requests/s",
  "bodies checked",
  `p50 at ${PER_SECOND}/s`,
  `p99 at ${PER_SECOND}/s`,
  "MB idle",
  `MB at ${CONNECTIONS}`,
  `MB at ${MANY_CONNECTIONS}`,
];

/**
 * @param reference when given, a further proxy to compare with; its column is added.
 */
export function renderTable(result: BenchmarkResult, reference?: string): string {
  const { absent } = result;
  // what is measured apart stands beside the load that it was measured with, whether or not that ran
  const apartWith = CASES[0]?.title;
  const ran = result.results.map(({ what, byProxy }) => ({ title: what.title, byProxy }));
  const isApartOnly = !ran.some(({ title }) => title === apartWith);
  const names = [...new Set([...result.latencies.keys(), ...result.memory.keys()])];
  const none = new Map(names.map((name) => [name, NOTHING]));
  const groups = isApartOnly ? [{ title: apartWith ?? "", byProxy: none }, ...ran] : ran;
  const rows = groups.flatMap(({ title, byProxy }) => [
    ...[...byProxy].map(([name, series]) => [
      title,
      name,
      ...columns(series, byProxy),
      ...(title === apartWith ? apart(result, name) : ["–", "–", "–", "–", "–"]),
      ...(reference ? versus(series, byProxy.get(reference)) : []),
    ]),
    ...absent.map(({ name, reason }) => [title, name, `not run: ${reason}`]),
  ]);
  return align([
    [...HEADER, ...(reference ? [`of ${reference}, requests/s`, `of ${reference}, CPU`] : [])],
    ...rows,
  ]);
}

const NOTHING: Series = { requests: [], perSecond: [], cpuMsPer10k: [], busy: [] };

function apart({ latencies, memory }: BenchmarkResult, name: string): string[] {
  const latency = latencies.get(name);
  const use = memory.get(name);
  const ms = (value: number | undefined) =>
    value === undefined ? "–" : Number.isFinite(value) ? `${value.toFixed(1)} ms` : "failed";
  const mb = (value: Memory | undefined) =>
    value ? `${Math.round(value.residentMb)} (${Math.round(value.anonymousMb)})` : "–";
  return [
    ms(latency?.p50Ms),
    ms(latency?.p99Ms),
    mb(use?.idle),
    mb(use?.peakAtFew),
    mb(use?.peakAtMany),
  ];
}

function columns(series: Series, byProxy: ReadonlyMap<string, Series>): string[] {
  const [nginxSpeed, nginxCpu] = versus(series, byProxy.get("nginx"));
  const [replyFromSpeed] = versus(series, byProxy.get("reply-from"));
  return [
    nginxSpeed ?? "–",
    nginxCpu ?? "–",
    replyFromSpeed ?? "–",
    whole(series.cpuMsPer10k),
    percent(series.busy),
    whole(series.perSecond),
    series.requests.reduce((sum, one) => sum + one, 0).toLocaleString("en"),
  ];
}

/** Shares of another proxy: by speed, and by CPU time (2.00 is half the time per request). */
function versus(series: Series, other: Series | undefined): [string, string] {
  if (!other) return ["–", "–"];
  return [
    share(pairedRatio(series.perSecond, other.perSecond)),
    share(pairedRatio(other.cpuMsPer10k, series.cpuMsPer10k)),
  ];
}

const share = (ratio: PairedRatio | undefined): string =>
  ratio
    ? `${ratio.median.toFixed(2)} (${ratio.lowest.toFixed(2)}–${ratio.highest.toFixed(2)})`
    : "–";

const known = (values: readonly (number | undefined)[]): number[] =>
  values.filter((value) => value !== undefined);

function whole(values: readonly (number | undefined)[]): string {
  const middle = median(known(values));
  return Number.isNaN(middle) ? "–" : Math.round(middle).toLocaleString("en");
}

function percent(values: readonly (number | undefined)[]): string {
  const middle = median(known(values));
  return Number.isNaN(middle) ? "–" : `${Math.round(middle * 100)} %`;
}

function align(rows: readonly (readonly string[])[]): string {
  const [header = [], ...body] = rows;
  const widths = header.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width)).join(" | ")} |`;
  return [line(header), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`]
    .concat(body.map(line))
    .join("\n");
}
