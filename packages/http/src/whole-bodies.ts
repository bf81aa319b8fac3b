/** Bodies that are wanted: each in one piece of memory, however small its parts, and bounded all together. */
import type { IncomingMessage } from "node:http";

export const MAX_BODY_BYTES = 65_536;
/** What all that are arriving may hold; told in docs/architecture.md. */
const MAX_ARRIVING_BYTES = 16_777_216;
/** What one begins with: nobody is believed that much will come. */
const FIRST_BYTES = 1024;

/** A body as far as it has come. */
class Body {
  #bytes: Buffer = Buffer.alloc(0);
  size = 0;

  /** @returns how much more memory it holds now. */
  add(part: Buffer): number {
    const held = this.#bytes.length;
    const size = this.size + part.length;
    if (size > held) {
      const larger = Buffer.allocUnsafe(Math.max(size, 2 * held, FIRST_BYTES));
      this.#bytes.copy(larger, 0, 0, this.size);
      this.#bytes = larger;
    }
    part.copy(this.#bytes, this.size);
    this.size = size;
    return this.#bytes.length - held;
  }

  get held(): number {
    return this.#bytes.length;
  }

  get whole(): Buffer {
    return this.#bytes.subarray(0, this.size);
  }
}

export class WholeBodies {
  readonly #arriving = new Map<IncomingMessage, Body>();
  readonly #end: (raw: IncomingMessage) => void;
  readonly #maxBytes: number;
  #heldBytes = 0;

  /**
   * @param end where there is too much: for the one that has been arriving longest, so that who sends
   * slowly on many connections takes nothing from who sends at once.
   */
  constructor(end: (raw: IncomingMessage) => void, maxBytes: number = MAX_ARRIVING_BYTES) {
    this.#end = end;
    this.#maxBytes = maxBytes;
  }

  add(raw: IncomingMessage, part: Buffer): void {
    const body = this.#arriving.get(raw) ?? new Body();
    this.#arriving.set(raw, body);
    this.#heldBytes += body.add(part);
    for (const [oldest] of this.#arriving) {
      if (this.#heldBytes <= this.#maxBytes) return;
      this.take(oldest);
      this.#end(oldest);
    }
  }

  /** @returns what has come; from here on it is somebody else's. */
  take(raw: IncomingMessage): Buffer {
    const body = this.#arriving.get(raw);
    if (body === undefined) return Buffer.alloc(0);
    this.#arriving.delete(raw);
    this.#heldBytes -= body.held;
    return body.whole;
  }
}
