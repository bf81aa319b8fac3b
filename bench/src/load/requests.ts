/** The requests of a slot as bytes, with the bodies that must come back. */
import { bodyOf } from "../cases.ts";
import type { Expected } from "./connection.ts";
import type { Slot } from "./slot.ts";

export class Requests {
  readonly #slot: Slot;
  readonly #known = new Map<string, Expected>();

  constructor(slot: Slot) {
    this.#slot = slot;
  }

  /** Made once for each name. */
  of(name: string): Expected {
    const known = this.#known.get(name);
    if (known) return known;
    const { port, prefix, headers = [], what } = this.#slot;
    const head = [
      `GET ${prefix}${name} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      "accept: application/json",
      "user-agent: airlock-bench",
      ...headers,
      "\r\n",
    ];
    const made = { request: Buffer.from(head.join("\r\n")), body: bodyOf(name, what.bodyBytes) };
    this.#known.set(name, made);
    return made;
  }
}
