/** Where log lines go: a file descriptor, in batches, without ever holding up the process. */
import { fstatSync, write, writeSync } from "node:fs";
import { Socket } from "node:net";

/** Characters that are written together; fewer wait this long at most. */
const BATCH_LENGTH = 32_768;
const BATCH_MS = 100;
/** What a full disk did not take is offered again after this. */
const RETRY_MS = 500;
/** Held for a reader that does not read; beyond it lines are dropped, for the service matters more. */
const MAX_HELD_LENGTH = 8_388_608;

/** Errors of files that go away again. */
const PASSING = new Set(["EAGAIN", "ENOSPC", "EDQUOT", "EINTR"]);

/** Writes all bytes, now or later; it calls back once. */
type Write = (bytes: Buffer, done: (error?: Error | null) => void) => void;

/** Lines to be written together, as bytes: no heap is walked for those that wait. */
interface Batch {
  readonly bytes: Buffer;
  readonly lines: number;
}

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
  #pendingLines = 0;
  /** The first of them is being written. */
  readonly #batches: Batch[] = [];
  #heldLength = 0;
  #waiting: (() => void)[] = [];
  #droppedLines = 0;

  constructor(fd: number) {
    this.#fd = fd;
    this.#write = writerTo(fd);
    setInterval(() => this.#endBatch(), BATCH_MS).unref();
    process.on("exit", () => this.#writeRest());
  }

  get droppedLines(): number {
    return this.#droppedLines;
  }

  write(line: string): void {
    if (this.#heldLength > MAX_HELD_LENGTH) {
      this.#droppedLines++;
      return;
    }
    this.#pending += line;
    this.#pendingLines++;
    this.#heldLength += line.length;
    if (this.#pending.length >= BATCH_LENGTH) this.#endBatch();
  }

  /** Calls back once everything so far has been written, or cannot be. */
  flush(done: () => void): void {
    this.#waiting.push(done);
    this.#endBatch();
    if (this.#batches.length === 0) this.#flushed();
  }

  #endBatch(): void {
    if (this.#pending === "") return;
    const isFirst = this.#batches.push(this.#takePending()) === 1;
    if (isFirst) this.#writeNext();
  }

  #takePending(): Batch {
    const batch = { bytes: Buffer.from(this.#pending), lines: this.#pendingLines };
    this.#heldLength += batch.bytes.length - this.#pending.length;
    this.#pending = "";
    this.#pendingLines = 0;
    return batch;
  }

  #writeNext(): void {
    const [batch] = this.#batches;
    if (batch === undefined) return void this.#flushed();
    this.#write(batch.bytes, (error) => {
      if (error) this.#droppedLines += batch.lines;
      this.#heldLength -= batch.bytes.length;
      this.#batches.shift();
      this.#writeNext();
    });
  }

  #flushed(): void {
    for (const done of this.#waiting.splice(0)) done();
  }

  #writeRest(): void {
    const [, ...unwritten] = this.#batches;
    try {
      for (const { bytes } of unwritten) writeSync(this.#fd, bytes);
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
