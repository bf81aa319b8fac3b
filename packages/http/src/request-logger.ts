/** The logger of one request, made when it has something to say: most requests never do. */
import type { FastifyBaseLogger, FastifyRequest } from "fastify";
import type { ChildLoggerOptions, Level, Logger } from "pino";
import { traceContextOf } from "./request-context.ts";

/** Behaves like a child that names the request, which takes longer to make than a line to write. */
export class RequestLogger implements FastifyBaseLogger {
  readonly #parent: Logger;
  readonly #request: FastifyRequest;
  #child: Logger | undefined;

  constructor(parent: Logger, request: FastifyRequest) {
    this.#parent = parent;
    this.#request = request;
  }

  get level(): string {
    return this.#parent.level;
  }

  fatal(...args: unknown[]): void {
    this.#write("fatal", args);
  }
  error(...args: unknown[]): void {
    this.#write("error", args);
  }
  warn(...args: unknown[]): void {
    this.#write("warn", args);
  }
  info(...args: unknown[]): void {
    this.#write("info", args);
  }
  debug(...args: unknown[]): void {
    this.#write("debug", args);
  }
  trace(...args: unknown[]): void {
    this.#write("trace", args);
  }
  silent(): void {}

  child(bindings: Record<string, unknown>, options?: ChildLoggerOptions): Logger {
    return this.#own().child(bindings, options);
  }

  #write(level: Level, args: unknown[]): void {
    if (!this.#parent.isLevelEnabled(level)) return;
    const logger = this.#own();
    Reflect.apply(logger[level], logger, args);
  }

  #own(): Logger {
    const { id, raw } = this.#request;
    this.#child ??= this.#parent.child({
      request_id: id,
      trace_id: traceContextOf(raw).traceId,
    });
    return this.#child;
  }
}
