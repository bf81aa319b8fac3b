/** What the gateway asks a service on its own behalf: one small question, one JSON answer in time. */
import { Readable } from "node:stream";
import type { LayerPresenter } from "@airlock/identity";
import { ReaderDeadlineError } from "./reader.ts";
import { TIMINGS, type Timing } from "./timing.ts";
import type { Upstream } from "./upstream.ts";

/** The upstream answered, but not with 200 and JSON. */
export class UselessAnswerError extends Error {
  constructor(status: number) {
    super(`an answer of no use, with status ${status}`);
    this.name = "UselessAnswerError";
  }
}

export interface Question {
  readonly path: string;
  readonly timing: Extract<Timing, "keyCheck" | "health">;
  /** Sent as JSON by POST; without one it is a GET. */
  readonly body?: object;
}

const MAX_BYTES = 65_536;

/**
 * Asks a question that changes nothing, so that it may be sent twice.
 *
 * @returns what the JSON holds, unchecked.
 * @throws ProblemError when the upstream is not to be asked, UselessAnswerError, SyntaxError,
 * ReaderDeadlineError, or what the exchange rejects with.
 */
export async function ask(
  upstream: Upstream,
  layer: LayerPresenter | undefined,
  { path, timing, body }: Question,
): Promise<unknown> {
  const refusal = upstream.refusal(timing);
  if (refusal) throw refusal;
  const { overallMs } = TIMINGS[timing];
  const exchange = upstream.send({
    method: body ? "POST" : "GET",
    path,
    timing,
    body: body && JSON.stringify(body),
    headers: { ...(body && { "content-type": "application/json" }), ...layer?.headers() },
    bufferBytes: MAX_BYTES,
    retry: "unanswered",
  });
  const timer = setTimeout(() => exchange.abort(new ReaderDeadlineError()), overallMs);
  try {
    const answer = await exchange.answer;
    if (answer.body instanceof Readable) answer.body.destroy();
    else if (answer.status === 200) return JSON.parse(answer.body.toString("utf8"));
    throw new UselessAnswerError(answer.status);
  } finally {
    clearTimeout(timer);
  }
}
