/** Writes docs/measurements.md: a section for each scenario, replaced when it is run again. */
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { Measurement } from "./scenario.ts";

const FILE = new URL("../../docs/measurements.md", import.meta.url);

const HEAD = `# Measurements

Written by \`pnpm soak\` (see \`pnpm soak --help\`): each fault and attack, how it was made, what was promised, and what came of it.
All processes, their clients and the AWS stand-in share one machine; only counts are hard promises. A promised time that was missed
says **late**, or **BROKEN** at five times; **seen** is a number that nobody promised.
`;

export interface Section {
  readonly name: string;
  readonly how: string;
  readonly seconds: number;
  readonly measurements: readonly Measurement[];
}

export async function writeReport(section: Section): Promise<void> {
  const old = await readFile(FILE, "utf8").catch(() => HEAD);
  const sections = new Map<string, string>();
  for (const part of old.split(/^(?=## )/m).slice(1)) {
    sections.set(part.slice(3, part.indexOf("\n")), part.trimEnd());
  }
  sections.set(section.name, render(section));
  await writeFile(FILE, `${[HEAD.trimEnd(), ...sections.values()].join("\n\n")}\n`);
}

function render({ name, how, seconds, measurements }: Section): string {
  const day = new Date().toISOString().slice(0, 10);
  const rows = measurements.map(
    ({ what, count, result, promise, verdict }) =>
      `| ${[what, count, promise, result, verdict].map(cell).join(" | ")} |`,
  );
  return [
    `## ${name}`,
    "",
    `${how.charAt(0).toUpperCase()}${how.slice(1)}.`,
    "",
    `${day}, Node ${process.version}, ${availableParallelism()} cores, ${Math.round(seconds)} s.`,
    "",
    "| what | count | promise | result | |",
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
