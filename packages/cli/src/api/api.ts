/** The jobs API as a client sees it: each request with a key, each change once. */
import { randomUUID } from "node:crypto";
import type { Session } from "../auth/session.ts";
import type { Clock } from "../clock.ts";
import type { Output } from "../output/output.ts";
import { ApiError } from "./problem.ts";
import {
  type Answer,
  type Exchange,
  jsonOf,
  type Transport,
  UnreachableError,
} from "./transport.ts";
import { unanswered } from "./unanswered.ts";

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface Api {
  readonly url: URL;
  get<T>(path: string, query?: Query): Promise<T>;
  getText(path: string, query?: Query): Promise<string>;
  /** The same as it comes. @throws UnreachableError where it breaks off. */
  streamText(path: string, query: Query, onText: (text: string) => void): Promise<void>;
  /** @param once names the change: sent again under it, it is done once. */
  post<T>(path: string, body?: unknown, once?: string): Promise<T>;
  delete<T>(path: string): Promise<T>;
}

export interface ApiOptions {
  readonly url: URL;
  readonly transport: Transport;
  readonly session: Session;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly output: Pick<Output, "note">;
}

/** A rolling deploy, or a database that fails over. */
const RETRY_PAUSES_MS = [250, 1000];
const LONGEST_PAUSE_MS = 5000;
const TEXT = { accept: "text/plain, application/json" };

/** @throws ApiError, UnreachableError, CliError when a login is needed and cannot be had. */
export function createApi(options: ApiOptions): Api {
  const { url, transport, session, clock, signal, output } = options;
  const ask = async (exchange: Exchange): Promise<Answer> => {
    const key = await session.key();
    try {
      return await sent(withKey(exchange, key));
    } catch (error) {
      if (!(error instanceof ApiError) || !(await session.canMend(error.problem))) throw error;
      // the same Idempotency-Key: what was done before is not done again
      return await sent(withKey(exchange, await session.renew(key)));
    }
  };

  /** Tells of a change that nobody has answered: it may be done all the same. */
  const sent = async (exchange: Exchange): Promise<Answer> => {
    let isUnanswered = false;
    const once: Transport = async (asked) => {
      try {
        return await transport(asked);
      } catch (error) {
        isUnanswered ||= signal.aborted || (error instanceof UnreachableError && error.mayBeDone);
        throw error;
      }
    };
    try {
      return await patiently(once, exchange);
    } catch (error) {
      const told = unanswered(exchange);
      if (told && isUnanswered && !(error instanceof ApiError)) output.note(told);
      throw error;
    }
  };

  /** What is safe to repeat is repeated: reads, and changes that carry an Idempotency-Key. */
  const patiently = async (once: Transport, exchange: Exchange): Promise<Answer> => {
    for (const pauseMs of RETRY_PAUSES_MS) {
      try {
        return await once(exchange);
      } catch (error) {
        const wait = waitFor(error, pauseMs);
        if (wait === undefined) throw error;
        await clock.sleep(wait, signal);
      }
    }
    return await once(exchange);
  };

  const change = (method: "POST" | "DELETE", path: string, body?: unknown, once?: string) =>
    ask({ method, path, body, headers: { "idempotency-key": once ?? randomUUID() } });

  return {
    url,
    get: async (path, query) =>
      jsonOf(url, await ask({ method: "GET", path: path + search(query) })),
    getText: async (path, query) =>
      (await ask({ method: "GET", path: path + search(query), headers: TEXT })).text,
    streamText: async (path, query, onText) => {
      await ask({ method: "GET", path: path + search(query), headers: TEXT, onText });
    },
    post: async (path, body, once) => jsonOf(url, await change("POST", path, body, once)),
    delete: async (path) => jsonOf(url, await change("DELETE", path)),
  };
}

const withKey = (exchange: Exchange, key: string): Exchange => ({
  ...exchange,
  headers: { ...exchange.headers, authorization: `Bearer ${key}` },
});

/** @returns undefined for what does not pass by itself. */
function waitFor(error: unknown, pauseMs: number): number | undefined {
  if (error instanceof UnreachableError) return error.isBrief ? pauseMs : undefined;
  if (!(error instanceof ApiError)) return undefined;
  const { status, retryAfterSeconds } = error.problem;
  if (![502, 503, 504].includes(status)) return undefined;
  return Math.min(Math.max(pauseMs, (retryAfterSeconds ?? 0) * 1000), LONGEST_PAUSE_MS);
}

function search(query: Query = {}): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) words.set(name, String(value));
  }
  return words.size > 0 ? `?${words}` : "";
}
