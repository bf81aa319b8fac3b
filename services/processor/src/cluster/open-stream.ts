/** A request whose answer is read as it comes: a watch, or a log. */
import type { Readable } from "node:stream";
import type { Pool } from "undici";
import type { Access } from "./access.ts";
import { CERTIFICATE, codeOf, ExchangeError, type Reply, reasonOf } from "./exchange.ts";
import { headersOf, pathAt } from "./request-parts.ts";

export interface StreamParts {
  readonly path: string;
  /** Until the head of the answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface Streamed {
  readonly status: number;
  readonly headers: Reply["headers"];
  readonly body: Readable;
}

/** @throws ExchangeError, or the signal's reason. */
export async function openStream(pool: Pool, by: Access, request: StreamParts): Promise<Streamed> {
  const { path, timeoutMs, signal } = request;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  try {
    const { statusCode, headers, body } = await pool.request({
      method: "GET",
      path: pathAt(by, path),
      headers: headersOf(by),
      signal: AbortSignal.any([signal, late.signal]),
    });
    return { status: statusCode, headers, body };
  } catch (error) {
    if (signal.aborted) throw reasonOf(signal);
    if (late.signal.aborted) throw new ExchangeError("late", true, "late");
    const code = codeOf(error);
    throw new ExchangeError("broken", !UNSENT.test(code) && !CERTIFICATE.test(code), code);
  } finally {
    clearTimeout(timer);
  }
}

const UNSENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;
