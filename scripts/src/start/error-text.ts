/** What processes write to standard error: each text once, though it is the same code that fails in three. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A stack comes in many lines and at once. */
const TOGETHER_MS = 200;
/** Between the ends of processes that were started side by side. */
const SAME_FOR_MS = 10_000;
/** Tells whoever mends a service nothing. */
const INTERNAL = /^\s+at .*\(?node:internal\//;

/** @param write of a line. */
export function createErrorText(write: (line: string) => void) {
  let last = { of: "", text: "", untilMs: 0 };
  const tell = (name: string, lines: readonly string[]) => {
    const text = lines.join("\n");
    const isSame = name !== last.of && text === last.text && performance.now() < last.untilMs;
    if (isSame) write(`${name}: the same as ${last.of}`);
    else for (const line of lines) write(`${name}: ${line}`);
    last = { of: isSame ? last.of : name, text, untilMs: performance.now() + SAME_FOR_MS };
  };
  return {
    follow(name: string, stderr: Readable): void {
      let held: string[] = [];
      let timer: NodeJS.Timeout | undefined;
      const flush = () => {
        clearTimeout(timer);
        timer = undefined;
        if (held.length > 0) tell(name, held);
        held = [];
      };
      createInterface({ input: stderr })
        .on("line", (line) => {
          if (INTERNAL.test(line)) return;
          held.push(line);
          timer ??= setTimeout(flush, TOGETHER_MS);
        })
        .on("close", flush);
    },
  };
}
