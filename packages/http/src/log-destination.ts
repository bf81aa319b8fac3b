/** Where log lines go: a file descriptor, in batches, without ever holding up the process. */
import { write, writeSync } from "node:fs";

/** Characters that are written together; fewer wait this long at most. */
const BATCH_LENGTH = 32_768;
const BATCH_MS = 100;
/** A reader that reads too slowly is asked again after this. */
const RETRY_MS = 20;
/** Held for a reader that does not read; beyond it lines are dropped, for the service matters more. */
const MAX_HELD_LENGTH = 16_777_216;

/**
 * A stream for pino. Two synchronous writes a request would cost a third of the throughput; here one
 * write takes all lines of up to 100 ms. When the reader has gone (EPIPE) lines are dropped, and
 * what is left at exit is written without waiting for anybody.
 */
export class LogDestination {
  readonly #fd: number;
  #pending = "";
  #isWriting = false;
  #isBroken = false;
  #waiting: (() => void)[] = [];

  constructor(fd: number) {
    this.#fd = fd;
    setInterval(() => this.#writePending(), BATCH_MS).unref();
    process.on("exit", () => this.#writeRest());
  }

  write(line: string): void {
    if (this.#isBroken || this.#pending.length > MAX_HELD_LENGTH) return;
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
    const batch = Buffer.from(this.#pending);
    this.#pending = "";
    this.#isWriting = true;
    this.#writeAll(batch);
  }

  #writeAll(bytes: Buffer): void {
    write(this.#fd, bytes, (error, written) => {
      if (error?.code === "EAGAIN") {
        setTimeout(() => this.#writeAll(bytes), RETRY_MS);
        return;
      }
      if (error === null && written < bytes.length) {
        this.#writeAll(bytes.subarray(written));
        return;
      }
      if (error !== null) this.#breakOff();
      this.#isWriting = false;
      if (this.#waiting.length > 0 || this.#pending.length >= BATCH_LENGTH) this.#writePending();
    });
  }

  #writeRest(): void {
    try {
      if (!this.#isBroken && this.#pending !== "") writeSync(this.#fd, this.#pending);
    } catch {
      // nobody reads any more, or not fast enough
    }
  }

  #breakOff(): void {
    this.#isBroken = true;
    this.#pending = "";
  }
}
