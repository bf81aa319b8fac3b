/** What one container has written, line by line with its time, and whoever follows it. */

export interface LogQuery {
  readonly tailLines?: number | undefined;
  readonly sinceMs?: number | undefined;
  readonly timestamps?: boolean | undefined;
}

interface Line {
  readonly atMs: number;
  /** With its end of line, but for a last one that is still being written. */
  readonly data: Buffer;
}

/** The kubelet begins a new file after so much; what is older is forgotten. */
const MOST_BYTES = 10 * 1024 * 1024;
const NEW_LINE = 10;

export class ContainerLog {
  #lines: Line[] = [];
  #sizeBytes = 0;
  #isEnded = false;
  readonly #followers = new Set<(data: Buffer | undefined) => void>();

  append(data: Buffer, atMs: number): void {
    if (this.#isEnded || data.length === 0) return;
    const added = this.#split(data, atMs);
    this.#sizeBytes += data.length;
    while (this.#sizeBytes > MOST_BYTES && this.#lines.length > 1) {
      this.#sizeBytes -= this.#lines.shift()?.data.length ?? 0;
    }
    for (const follower of [...this.#followers]) for (const part of added) follower(part);
  }

  /** Nothing more will come. */
  end(): void {
    this.#isEnded = true;
    for (const follower of [...this.#followers]) follower(undefined);
    this.#followers.clear();
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  read({ tailLines, sinceMs, timestamps }: LogQuery): Buffer {
    const recent =
      sinceMs === undefined ? this.#lines : this.#lines.filter(({ atMs }) => atMs >= sinceMs);
    const last =
      tailLines === undefined ? recent : recent.slice(Math.max(0, recent.length - tailLines));
    return Buffer.concat(last.map(({ atMs, data }) => (timestamps ? stamped(data, atMs) : data)));
  }

  /** Told of what comes from now on, and of the end by undefined. Returns how to stop that. */
  follow(follower: (data: Buffer | undefined) => void): () => void {
    if (this.#isEnded) follower(undefined);
    else this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  /** A line that is begun goes on; each further one is of its own. @returns the parts that were added. */
  #split(data: Buffer, atMs: number): Buffer[] {
    const parts: Buffer[] = [];
    for (let from = 0; from < data.length; ) {
      const end = data.indexOf(NEW_LINE, from);
      const part = data.subarray(from, end < 0 ? data.length : end + 1);
      from += part.length;
      parts.push(part);
      const last = this.#lines.at(-1);
      if (last !== undefined && last.data.at(-1) !== NEW_LINE) {
        this.#lines[this.#lines.length - 1] = { ...last, data: Buffer.concat([last.data, part]) };
      } else {
        this.#lines.push({ atMs, data: Buffer.from(part) });
      }
    }
    return parts;
  }
}

export const stamped = (data: Buffer, atMs: number): Buffer =>
  Buffer.concat([Buffer.from(`${new Date(atMs).toISOString()} `), data]);
