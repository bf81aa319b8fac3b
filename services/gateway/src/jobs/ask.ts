/** What the gateway asks a service on its own behalf: one small question, one JSON answer in time. */
import { Readable } from "node:stream";
import type { LayerPresenter } from "@airlock/identity";
import { type Answer, Call, refuse, type Upstream } from "../upstream/call.ts";
import { CLASSES, type ClassName } from "../upstream/classes.ts";
import { DeadlineError } from "../upstream/failures.ts";

/** The upstream answered, but not with 200 and JSON. */
export class UselessAnswerError extends Error {
  constructor(status: number) {
    super(`an answer of no use, with status ${status}`);
    this.name = "UselessAnswerError";
  }
}

export interface Question {
  readonly path: string;
  readonly class: Extract<ClassName, "keyCheck" | "health">;
  /** Sent as JSON by POST; without one it is a GET. */
  readonly body?: object;
}

const MAX_BYTES = 65_536;

/**
 * Asks a question that changes nothing, so that it may be sent twice.
 *
 * @returns what the JSON holds, unchecked.
 * @throws ProblemError when the upstream is not to be asked, UselessAnswerError, SyntaxError,
 * DeadlineError, or the call's CallError.
 */
export async function ask(
  upstream: Upstream,
  layer: LayerPresenter | undefined,
  question: Question,
): Promise<unknown> {
  refuse(upstream, question.class);
  const { status, body } = await answerTo(upstream, layer, question);
  if (body instanceof Readable) body.destroy();
  else if (status === 200) return JSON.parse(Buffer.concat(body).toString("utf8"));
  throw new UselessAnswerError(status);
}

function answerTo(
  upstream: Upstream,
  layer: LayerPresenter | undefined,
  { path, class: name, body }: Question,
): Promise<Answer> {
  const type = body && { "content-type": "application/json" };
  return new Promise((answered, failed) => {
    const call = new Call(
      upstream,
      {
        method: body ? "POST" : "GET",
        path,
        class: name,
        body: body && JSON.stringify(body),
        headers: Object.entries({ ...type, ...layer?.headers() }).flat(),
        bufferBytes: MAX_BYTES,
        isRepeatable: true,
      },
      { answered, failed },
    );
    setTimeout(() => {
      const timeUp = new DeadlineError();
      call.abort(timeUp);
      failed(timeUp);
    }, CLASSES[name].overallMs).unref();
  });
}
