/** Where log lines go: a file descriptor, in batches, without ever holding up the process. */
import { fstatSync, write, writeSync } from "node:fs";
import { Socket } from "node:net";

/** Characters that are written together; fewer wait this long at most. */
const BATCH_LENGTH = 32_768;
const BATCH_MS = 100;
/** What a full disk did not take is offered again after this. */
const RETRY_MS = 500;
/** Held for a reader that does not read; beyond it lines are dropped, for the service matters more. */
const MAX_HELD_LENGTH = 16_777_216;

/** Errors of files that go away again. */
const PASSING = new Set(["EAGAIN", "ENOSPC", "EDQUOT", "EINTR"]);

/** Writes a whole batch, now or later; it calls back once. */
type Write = (batch: Buffer, done: (error?: Error | null) => void) => void;

/**
 * A stream for pino. Two synchronous writes a request would cost a third of the throughput; here one
 * write takes all lines of up to 100 ms. Lines are dropped, and counted, when the reader has gone or
 * reads too slowly, and while a disk stays full; what is left at exit is written without waiting for
 * anybody.
 *
 * (pino's own sonic-boom costs three times as much a line, and writes to a pipe by a thread: where
 * nobody reads, that thread is blocked, and Node waits for its threads at exit, for ever.)
 */
export class LogDestination {
  readonly #fd: number;
  readonly #write: Write;
  #pending = "";
  #isWriting = false;
  #waiting: (() => void)[] = [];
  #droppedLines = 0;

  constructor(fd: number) {
    this.#fd = fd;
    this.#write = writerTo(fd);
    setInterval(() => this.#writePending(), BATCH_MS).unref();
    process.on("exit", () => this.#writeRest());
  }

  get droppedLines(): number {
    return this.#droppedLines;
  }

  write(line: string): void {
    if (this.#pending.length > MAX_HELD_LENGTH) {
      this.#droppedLines++;
      return;
    }
    this.#pending += line;
    if (this.#pending.length >= BATCH_LENGTH) this.#writePending();
  }

  /** Calls back once everything so far has been written, or cannot be. */
  flush(done: () => void): void {
    this.#waiting.push(done);
    this.#writePending();
  }

  #writePending(): void {
    if (this.#isWriting) return;
    if (this.#pending === "") {
      for (const done of this.#waiting.splice(0)) done();
      return;
    }
    const batch = this.#pending;
    this.#pending = "";
    this.#isWriting = true;
    this.#write(Buffer.from(batch), (error) => {
      if (error) this.#droppedLines += batch.split("\n").length - 1;
      this.#isWriting = false;
      if (this.#waiting.length > 0 || this.#pending.length >= BATCH_LENGTH) this.#writePending();
    });
  }

  #writeRest(): void {
    try {
      writeSync(this.#fd, this.#pending);
    } catch {
      // nobody reads any more, or not fast enough
    }
  }
}

function writerTo(fd: number): Write {
  const kind = fstatSync(fd);
  return kind.isFIFO() || kind.isSocket() ? pipeWriter(fd) : fileWriter(fd);
}

/** Without a thread: the pipe is written to when it takes something. */
function pipeWriter(fd: number): Write {
  const socket = new Socket({ fd, readable: false, writable: true });
  socket.on("error", () => {}).unref(); // each write is told of it
  return (batch, done) => void socket.write(batch, done);
}

/** A disk is never slow enough to matter to a thread, but it can be full for a while. */
function fileWriter(fd: number): Write {
  const writeAll: Write = (bytes, done) => {
    write(fd, bytes, (error, written) => {
      const rest = bytes.subarray(error ? 0 : written);
      if (error && !PASSING.has(error.code ?? "")) done(error);
      else if (error) setTimeout(() => writeAll(rest, done), RETRY_MS).unref();
      else if (rest.length > 0) writeAll(rest, done);
      else done();
    });
  };
  return writeAll;
}
