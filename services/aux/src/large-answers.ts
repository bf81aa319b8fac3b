/** Answers made of many parts: there is room for each before it is made. */
import type { AnswerRoom } from "@airlock/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type CacheNews, jsonOf, type Representation, send } from "./representation.ts";

export class LargeAnswers {
  readonly #room: AnswerRoom;

  constructor(room: AnswerRoom) {
    this.#room = room;
  }

  /** @throws ProblemError too_many_at_once, overloaded */
  render(request: FastifyRequest, body: object): Representation {
    this.#room.demand(request, sizeOf(body));
    return jsonOf(body);
  }

  /** What was made here, now or for somebody else, for the one who asks. */
  send(
    request: FastifyRequest,
    reply: FastifyReply,
    representation: Representation,
    news: CacheNews | undefined,
  ) {
    this.#room.hold(reply, representation.body);
    return send(request, reply, representation, news);
  }
}

/** Quotes, commas, and what is no text. */
const PART_BYTES = 8;

/** About what this takes as JSON. */
function sizeOf(part: unknown): number {
  if (typeof part === "string") return Buffer.byteLength(part) + PART_BYTES;
  if (typeof part !== "object" || part === null) return PART_BYTES;
  let size = PART_BYTES;
  for (const [name, member] of Object.entries(part)) size += name.length + sizeOf(member);
  return size;
}
