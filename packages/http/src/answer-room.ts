/** Room for answers that may be large: their bytes are counted before they are made, and until they are sent. */
import { ProblemError } from "@airlock/contract";
import type { FastifyReply, FastifyRequest } from "fastify";
import { connectionOf } from "./connections.ts";
import { CLIENT_SHARE } from "./waiting.ts";
import { whenClosed } from "./when-closed.ts";

/** Told in docs/architecture.md. */
const MAX_BYTES = 33_554_432;
const RETRY_SOON = { "retry-after": "1" };

interface Held {
  /** Whoever it was made for. */
  readonly holder: string | undefined;
  /** Those that it is being sent in. */
  answers: number;
}

/** A body that several answers share is counted once. */
export class AnswerRoom {
  readonly #maxBytes: number;
  readonly #bodies = new Map<Buffer, Held>();
  readonly #byHolder = new Map<string, number>();
  #bytes = 0;

  constructor(maxBytes: number = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Said before a body is made; the only one of all, or of its client, may be as large as it likes.
   *
   * @param sizeBytes about what it will take.
   * @throws ProblemError too_many_at_once, overloaded.
   */
  demand({ holder }: FastifyRequest, sizeBytes: number): void {
    const own = holder === undefined ? 0 : (this.#byHolder.get(holder) ?? 0);
    if (own > 0 && own + sizeBytes > this.#maxBytes * CLIENT_SHARE) throw tooMuch();
    if (this.#bytes > 0 && this.#bytes + sizeBytes > this.#maxBytes) throw overloaded();
  }

  /** Counts a body until this answer is with the kernel, or its client has gone. */
  hold({ raw, request }: FastifyReply, body: Buffer): void {
    const held = this.#bodies.get(body) ?? { holder: request.holder, answers: 0 };
    if (held.answers++ === 0) {
      this.#bodies.set(body, held);
      this.#add(held.holder, body.length);
    }
    const connection = connectionOf(request.raw.socket);
    if (connection) connection.isCounted = true;
    let isHeld = true;
    const release = () => {
      if (!isHeld) return;
      isHeld = false;
      if (connection) connection.isCounted = false;
      if (--held.answers > 0) return;
      this.#bodies.delete(body);
      this.#add(held.holder, -body.length);
    };
    raw.once("finish", release);
    whenClosed(raw, release);
  }

  #add(holder: string | undefined, bytes: number): void {
    this.#bytes += bytes;
    if (holder === undefined) return;
    const own = (this.#byHolder.get(holder) ?? 0) + bytes;
    if (own > 0) this.#byHolder.set(holder, own);
    else this.#byHolder.delete(holder);
  }
}

const tooMuch = () =>
  new ProblemError(
    "too_many_at_once",
    "Answers of this client take half of the room there is; read them first, or ask for pages by `limit`.",
    { headers: RETRY_SOON },
  );

const overloaded = () =>
  new ProblemError(
    "overloaded",
    "Answers that are not read yet take all the room there is; try again shortly, or ask for pages by `limit`.",
    { headers: RETRY_SOON },
  );
