/** Which doors the services of a run leave open: each says so in a line, the run in one for all. */
import type { LogLine } from "./terminal-lines.ts";

export interface Doors {
  /** @returns whether the line told of open doors, and nothing else. */
  note(line: LogLine): boolean;
  /** The sentences of each service, such as `GATEWAY_AUTH is none: …`. */
  byService(): Readonly<Record<string, readonly string[]>>;
  /** The settings, each once. */
  names(): string[];
}

export function createDoors(): Doors {
  const told = new Map<string, readonly string[]>();
  return {
    note({ service, open_doors }) {
      if (!Array.isArray(open_doors)) return false;
      told.set(String(service), open_doors.map(String));
      return true;
    },
    byService: () => Object.fromEntries(told),
    names() {
      const names = [...told.values()].flat().map((sentence) => sentence.split(" ", 1)[0] ?? "");
      return [...new Set(names)].sort();
    },
  };
}
