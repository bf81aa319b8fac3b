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

interface Arriving {
  readonly body: Body;
  readonly network: string;
}

export class WholeBodies {
  readonly #arriving = new Map<IncomingMessage, Arriving>();
  readonly #networkOf: (raw: IncomingMessage) => string;
  readonly #end: (raw: IncomingMessage) => void;
  readonly #maxBytes: number;
  #heldBytes = 0;

  /**
   * @param networkOf whose a body is.
   * @param end where there is too much: whoever has the most loses what has been arriving longest, so that
   * nobody takes anything from others.
   */
  constructor(
    networkOf: (raw: IncomingMessage) => string,
    end: (raw: IncomingMessage) => void,
    maxBytes: number = MAX_ARRIVING_BYTES,
  ) {
    this.#networkOf = networkOf;
    this.#end = end;
    this.#maxBytes = maxBytes;
  }

  add(raw: IncomingMessage, part: Buffer): void {
    const one = this.#arriving.get(raw) ?? { body: new Body(), network: this.#networkOf(raw) };
    this.#arriving.set(raw, one);
    this.#heldBytes += one.body.add(part);
    while (this.#heldBytes > this.#maxBytes) this.#endOne();
  }

  /** @returns what has come; from here on it is somebody else's. */
  take(raw: IncomingMessage): Buffer {
    const one = this.#arriving.get(raw);
    if (one === undefined) return Buffer.alloc(0);
    this.#arriving.delete(raw);
    this.#heldBytes -= one.body.held;
    return one.body.whole;
  }

  #endOne(): void {
    const held = new Map<string, number>();
    for (const { body, network } of this.#arriving.values()) {
      held.set(network, (held.get(network) ?? 0) + body.held);
    }
    const [most] = [...held].reduce((one, other) => (other[1] > one[1] ? other : one));
    for (const [raw, { network }] of this.#arriving) {
      if (network !== most) continue;
      this.take(raw);
      this.#end(raw);
      return;
    }
  }
}
