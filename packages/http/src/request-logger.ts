/** The logger of one request, made when it has something to say: most requests never do. */
import type { FastifyBaseLogger } from "fastify";
import type { ChildLoggerOptions, Level, Logger } from "pino";

/** Behaves like the child that `make` returns, which takes longer to make than a line to write. */
export class RequestLogger implements FastifyBaseLogger {
  readonly #parent: Logger;
  readonly #make: () => Logger;
  #child: Logger | undefined;

  constructor(parent: Logger, make: () => Logger) {
    this.#parent = parent;
    this.#make = make;
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
    this.#child ??= this.#make();
    return this.#child;
  }
}
