/** Where a command's words go: data to stdout, all else to stderr. */
import { createInterface } from "node:readline/promises";
import type { Environment } from "../environment.ts";
import { type Paint, painter, wantsColour } from "./colour.ts";
import { createSpinner } from "./spinner.ts";
import { cut, terminalWidth } from "./text-width.ts";

/** What a terminal or a pipe is, as far as it matters here. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface Output {
  /** Lines of data. */
  print(...lines: readonly string[]): void;
  /** As it is, without a line's end. */
  raw(text: string | Uint8Array): void;
  /** One document. */
  json(value: unknown): void;
  /** One line of JSON. */
  jsonLine(value: unknown): void;
  /** A line for people, on stderr. */
  note(line: string): void;
  /** Shows what is waited for, in place; nothing where nobody looks. */
  progress(text: string): void;
  /** Takes away what was shown in place. */
  clear(): void;
  /** Lines in the place of those that were drawn before; below them where there is no terminal. */
  redraw(lines: readonly string[]): void;
  /** For stdout and for stderr. */
  readonly paint: Paint;
  readonly paintNote: Paint;
  /** Columns of the terminal; undefined where stdout is none. */
  readonly width: number | undefined;
  readonly isTerminal: boolean;
  /** Whether progress is shown in place. */
  readonly showsProgress: boolean;
  /** Whether somebody is there to answer. */
  readonly canAsk: boolean;
  /** Only yes is yes. @throws the reason of the signal at Ctrl-C. */
  ask(question: string): Promise<boolean>;
}

export interface OutputOptions {
  readonly env: Environment;
  readonly stdout: Sink & { write(text: string | Uint8Array): unknown };
  readonly stderr: Sink;
  /** Opened when somebody is asked. */
  readonly stdin: () => NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Ends the run: Ctrl-C is a key, and no signal, while somebody is asked. */
  readonly interrupted: AbortController;
}

const DEFAULT_ROWS = 24;

export function createOutput(options: OutputOptions): Output {
  const { env, stdout, stderr, stdin, interrupted } = options;
  const isTerminal = stdout.isTTY === true;
  const canMove = env.TERM !== "dumb";
  const showsProgress = stderr.isTTY === true && canMove;
  const spinner = createSpinner(
    showsProgress ? stderr : undefined,
    () => terminalWidth(stderr) ?? Number.POSITIVE_INFINITY,
  );
  let drawn = 0;
  const print = (...lines: readonly string[]) => {
    spinner.clear();
    for (const line of lines) stdout.write(`${line}\n`);
  };
  return {
    print,
    raw(text) {
      spinner.clear();
      stdout.write(text);
    },
    json: (value) => print(JSON.stringify(value, undefined, 2)),
    jsonLine: (value) => print(JSON.stringify(value)),
    note(line) {
      spinner.clear();
      stderr.write(`${line}\n`);
    },
    progress: (text) => spinner.show(text),
    clear: () => spinner.clear(),
    redraw(lines) {
      spinner.clear();
      if (!isTerminal || !canMove) return print(...lines);
      const back = drawn > 0 ? `\x1b[${drawn}A\x1b[J` : "";
      // what has left the screen cannot be drawn over
      const most = Math.max(2, (stdout.rows ?? DEFAULT_ROWS) - 1);
      const more = lines.length - most + 1;
      const shown = more > 1 ? [...lines.slice(0, most - 1), `… ${more} more`] : lines;
      stdout.write(`${back}${shown.map((line) => `${line}\n`).join("")}`);
      drawn = shown.length;
    },
    paint: painter(wantsColour(env, isTerminal)),
    paintNote: painter(wantsColour(env, stderr.isTTY === true)),
    get width() {
      return terminalWidth(stdout);
    },
    isTerminal,
    showsProgress,
    get canAsk() {
      return stderr.isTTY === true && stdin().isTTY === true;
    },
    async ask(question) {
      spinner.clear();
      const { signal } = interrupted;
      const asking = createInterface({ input: stdin(), output: stderr as NodeJS.WriteStream });
      asking.once("SIGINT", () => interrupted.abort());
      // Ctrl-D
      const closed = new Promise<undefined>((resolve) =>
        asking.once("close", () => resolve(undefined)),
      );
      try {
        const asked = asking.question(`${question} [y/N] `, { signal });
        // it is refused an answer by Ctrl-C and Ctrl-D alone
        const answer = await Promise.race([asked, closed]).catch(() => undefined);
        signal.throwIfAborted();
        if (answer === undefined) stderr.write("\n");
        return answer !== undefined && /^y(es)?$/i.test(answer.trim());
      } finally {
        asking.close();
      }
    },
  };
}

/** For one line of a terminal. */
export const fitted = (text: string, { width }: Output): string =>
  width === undefined ? text : cut(text, width);
