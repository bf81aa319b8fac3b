// The queue between who invokes the function and the processes that run it.

import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";

/** What a process has answered, from its first byte on. */
export interface FunctionAnswer {
  readonly contentType: string;
  readonly isStreamed: boolean;
  /** Fails where the process ended before the answer was whole, or says itself that it is not. */
  readonly body: Readable;
}

/** Why there is no answer; the name is Lambda's. */
export class FunctionError extends Error {
  readonly errorType: string;

  constructor(errorType: string) {
    super(errorType);
    this.name = "FunctionError";
    this.errorType = errorType;
  }
}

export interface Invocation {
  readonly id: string;
  /** JSON. */
  readonly event: string;
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number;
}

type Open = Invocation & {
  /** Whoever has invoked it waits no longer. */
  readonly left: AbortSignal;
  readonly answer: PromiseWithResolvers<FunctionAnswer>;
};

export interface FunctionCounts {
  /** Places of processes that wait for an invocation. */
  readonly idle: number;
  /** Invocations that wait for a process, and those that one has. */
  readonly waiting: number;
  readonly running: number;
}

export class Invocations {
  /** In the order in which they came; no process has them yet. */
  private readonly waiting: Open[] = [];
  /** Processes that ask for one, likewise. */
  private readonly idle: ((next: Invocation) => void)[] = [];
  private readonly running = new Map<string, Open>();

  /** @throws FunctionError */
  async invoke(event: object, deadlineMs: number, left: AbortSignal): Promise<FunctionAnswer> {
    const answer = Promise.withResolvers<FunctionAnswer>();
    const open = { id: randomUUID(), event: JSON.stringify(event), deadlineMs, left, answer };
    const process = this.idle.shift();
    if (process) this.start(open, process);
    else this.waiting.push(open);
    left.addEventListener("abort", () => answer.reject(new FunctionError("Sandbox.Timedout")), {
      once: true,
    });
    return answer.promise;
  }

  /** The next one for a process, which waits for it. @returns what forgets the process again. */
  next(take: (next: Invocation) => void): () => void {
    for (let open = this.waiting.shift(); open; open = this.waiting.shift()) {
      if (open.left.aborted) continue;
      this.start(open, take);
      return () => {};
    }
    this.idle.push(take);
    return () => {
      const index = this.idle.indexOf(take);
      if (index >= 0) this.idle.splice(index, 1);
    };
  }

  counts(): FunctionCounts {
    const { idle, waiting, running } = this;
    return { idle: idle.length, waiting: waiting.length, running: running.size };
  }

  /** @returns false for an invocation that nobody waits for. */
  answered(id: string, answer: FunctionAnswer): boolean {
    const open = this.running.get(id);
    this.running.delete(id);
    open?.answer.resolve(answer);
    return open !== undefined && !open.left.aborted;
  }

  failed(id: string, errorType: string): boolean {
    const open = this.running.get(id);
    this.running.delete(id);
    open?.answer.reject(new FunctionError(errorType));
    return open !== undefined;
  }

  private start(open: Open, take: (next: Invocation) => void): void {
    this.running.set(open.id, open);
    take(open);
  }
}
