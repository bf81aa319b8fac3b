/** What a local run prints: readable on a terminal, JSON lines in a pipe. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { WriteStream } from "node:tty";
import { createErrorText } from "./error-text.ts";
import { createDoors, type Doors } from "./open-doors.ts";
import { createTerminalLines, type LogLine } from "./terminal-lines.ts";

export interface Output {
  /**
   * Passes on the lines of a process; what is not JSON becomes a warning of that process.
   *
   * @returns resolves when it says that it listens: all that it says of its start stands before.
   */
  follow(name: string, stdout: Readable, stderr: Readable): Promise<void>;
  /** Text for people: standard output on a terminal, standard error beside a pipe. */
  say(text: string): void;
  /** A line of the run's own, of level info. */
  tell(sentence: string, fields?: object): void;
  /** The same, in a pipe only. */
  record(msg: string, fields: object): void;
  complain(sentence: string): void;
  /** From now on the terminal shows what happens, and no longer what starts. */
  showRequests(): void;
  /** Of the services, instead of a line from each. */
  readonly doors: Doors;
}

export function createOutput(stdout: WriteStream, stderr: WriteStream): Output {
  const terminal = stdout.isTTY === true ? createTerminalLines() : undefined;
  const doors = createDoors();
  const errors = createErrorText((line) => stderr.write(`${line}\n`));
  const write = (line: LogLine) => {
    const text = terminal ? terminal.render(line) : JSON.stringify(line);
    if (text !== undefined) stdout.write(`${text}\n`);
  };
  const stamp = (fields: object): LogLine => ({
    time: new Date().toISOString(),
    level: "info",
    ...fields,
  });
  return {
    follow(name, out, err) {
      errors.follow(name, err);
      return new Promise((resolve) => {
        createInterface({ input: out }).on("line", (text) => {
          const line = parse(text) ?? stamp({ level: "warn", service: name, msg: text });
          if (!doors.note(line)) write(line);
          if (line.msg === "listening") resolve();
        });
      });
    },
    say: (text) => void (terminal ? stdout : stderr).write(`${text}\n`),
    tell: (msg, fields) => write(stamp({ service: "start", ...fields, msg })),
    record: (msg, fields) => {
      if (!terminal) write(stamp({ service: "start", ...fields, msg }));
    },
    complain: (sentence) => void stderr.write(`${sentence}\n`),
    showRequests: () => terminal?.showRequests(),
    doors,
  };
}

function parse(text: string): LogLine | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}
