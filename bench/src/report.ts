/** The conditions of a run in words, and the page in docs/benchmarks that shows its table. */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { CONNECTIONS } from "./cases.ts";
import { IS_PINNED } from "./cores.ts";
import type { Options } from "./options.ts";
import { nginxVersion } from "./proxies/nginx.ts";
import { REPOSITORY } from "./repository.ts";

const PAGE = join(REPOSITORY, "docs/benchmarks/README.md");

/** Processes that wanted a CPU before the benchmark began: more than none makes a noisy table. */
export const otherLoad = (): string => (loadavg()[0] ?? 0).toFixed(1);

/** When, on what and for how long. */
export function conditions({ plan, isQuick }: Options, otherWork: string): string {
  const cores = `${availableParallelism()} CPUs`;
  const pinning = IS_PINNED
    ? "the proxy on one, load and upstream on the other"
    : "nothing pinned to a core";
  return [
    `\`pnpm bench gateway${isQuick ? " --quick" : ""}\`, ${new Date().toISOString().slice(0, 10)},`,
    `${cores} (${pinning}), Node ${process.versions.node}, nginx ${nginxVersion() ?? "absent"},`,
    `load average of other work before it began ${otherWork};`,
    `${CONNECTIONS} keep-alive connections, ${plan.rounds} interleaved rounds of ${plan.slotMs} ms.`,
  ].join("\n");
}

/** The same for the cost of authenticated layers. */
export function layerConditions({ plan, isQuick }: Options, otherWork: string): string {
  return [
    `\`pnpm bench layer${isQuick ? " --quick" : ""}\`, ${new Date().toISOString().slice(0, 10)},`,
    `${availableParallelism()} CPUs shared by all, Node ${process.versions.node},`,
    `load average of other work before it began ${otherWork};`,
    `16 keep-alive connections, ${plan.rounds} interleaved rounds of ${plan.slotMs} ms.`,
  ].join("\n");
}

/** The same for what the jobs API adds to its SQL. */
export function jobsConditions({ plan, isQuick }: Options, otherWork: string): string {
  return [
    `\`pnpm bench jobs${isQuick ? " --quick" : ""}\`, ${new Date().toISOString().slice(0, 10)},`,
    `${availableParallelism()} CPUs shared by all, Node ${process.versions.node}, Postgres with fsync,`,
    `load average of other work before it began ${otherWork};`,
    `one request at a time, ${plan.rounds} interleaved rounds of ${plan.slotMs} ms.`,
  ].join("\n");
}

/** Puts the text between the page's markers for one benchmark. */
export function writePage(name: Options["target"], text: string): void {
  const page = readFileSync(PAGE, "utf8");
  const [BEGIN, END] = [`<!-- bench ${name}: begin -->`, `<!-- bench ${name}: end -->`];
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin)
    throw new Error(`docs/benchmarks/README.md needs ${BEGIN} … ${END}`);
  writeFileSync(PAGE, `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${page.slice(end)}`);
}
