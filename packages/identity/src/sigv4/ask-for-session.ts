/** One question for credentials: bounded in time and size, and led nowhere else. */
import { Agent, request } from "undici";
import { causeOf, readText } from "../small-answer.ts";
import { NoSessionError } from "./session.ts";

/** A real answer has 2 to 3 KB. */
export const MAX_ANSWER_BYTES = 65_536;

export interface SessionQuestion {
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface SessionAnswer {
  readonly status: number;
  readonly text: string;
  /** When it was made, by the clock of whoever answered: milliseconds since the epoch; NaN when it does not say. */
  readonly atMs: number;
}

/**
 * Follows no redirect: the question holds a proof that is for one place alone.
 *
 * @throws NoSessionError for anything but a whole answer of a usable size.
 */
export async function askForSession(
  { url, ...question }: SessionQuestion,
  signal: AbortSignal,
): Promise<SessionAnswer> {
  // asked once in half an hour: a connection of its own, by the addresses of now
  const dispatcher = new Agent({ connections: 1, pipelining: 1 });
  try {
    const answer = await request(url, { ...question, dispatcher, signal });
    const { statusCode: status, headers, body } = answer;
    if (status >= 300 && status <= 399) throw new NoSessionError(`redirected (status ${status})`);
    const atMs = typeof headers.date === "string" ? Date.parse(headers.date) : Number.NaN;
    const text = await readText(body, MAX_ANSWER_BYTES);
    if (text === undefined) throw new NoSessionError("too large an answer");
    return { status, text, atMs };
  } catch (error) {
    if (error instanceof NoSessionError) throw error;
    throw new NoSessionError(`no answer (${causeOf(error)})`);
  } finally {
    await dispatcher.destroy();
  }
}
