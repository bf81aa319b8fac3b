/** What a local run prints: readable on a terminal, JSON lines in a pipe. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { WriteStream } from "node:tty";
import { isColorSupported, prettyFactory } from "pino-pretty";

export interface Output {
  readonly isTerminal: boolean;
  /** Passes on the lines of a process; what is not JSON becomes a warning of that process. */
  follow(name: string, stdout: Readable, stderr: Readable): void;
  /** Text for people: standard output on a terminal, standard error beside a pipe. */
  say(text: string): void;
  /** A JSON line of the run's own, in a pipe only. */
  record(fields: object): void;
  complain(sentence: string): void;
}

interface RequestLine {
  readonly [key: string]: unknown;
}

export function createOutput(stdout: WriteStream, stderr: WriteStream): Output {
  const isTerminal = stdout.isTTY === true;
  const pretty = prettyFactory({
    colorize: isTerminal && isColorSupported,
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
    include: "time,level,error,code,reason,port",
    messageFormat: messageOf,
  });
  const write = (line: string) => stdout.write(isTerminal ? pretty(line) : `${line}\n`);
  const stamp = (fields: object) =>
    JSON.stringify({ time: new Date().toISOString(), level: "info", service: "start", ...fields });
  return {
    isTerminal,
    follow(name, out, err) {
      createInterface({ input: out }).on("line", (line) => write(asJson(name, line, stamp)));
      createInterface({ input: err }).on("line", (line) => stderr.write(`${name}: ${line}\n`));
    },
    say: (text) => void (isTerminal ? stdout : stderr).write(`${text}\n`),
    record: (fields) => {
      if (!isTerminal) write(stamp(fields));
    },
    complain: (sentence) => void stderr.write(`${sentence}\n`),
  };
}

function asJson(name: string, line: string, stamp: (fields: object) => string): string {
  return line.startsWith("{") ? line : stamp({ level: "warn", service: name, msg: line });
}

/** One readable line: a request as `gateway GET /config 200 3.1 ms`, anything else as its message. */
function messageOf(line: RequestLine): string {
  const { service, msg, method, path, operation, status, duration_ms: ms } = line;
  const what = method ? `${method} ${path}` : operation;
  return what ? `${service} ${what} ${status} ${ms} ms` : `${service} ${msg}`;
}
