/** One request and its whole answer, with a deadline, a limit of its size, and a memory of how far it came. */
import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";

export interface ExchangeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** By performance.now(): nothing of it is sent afterwards. */
  readonly endsAtMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** There was no whole answer. */
export class ExchangeError extends Error {
  readonly why: "late" | "broken" | "too_large";
  /** False when no byte of it can have reached the server. */
  readonly wasSent: boolean;
  /** The system's or TLS's name of what happened, such as ECONNREFUSED. */
  readonly code: string;

  constructor(why: ExchangeError["why"], wasSent: boolean, code: string) {
    super(`${why} (${code})`);
    this.name = "ExchangeError";
    this.why = why;
    this.wasSent = wasSent;
    this.code = code;
  }
}

/** @throws ExchangeError, or the reason of its signal. */
export function exchange(dispatcher: Dispatcher, request: ExchangeRequest): Promise<Reply> {
  const { method, path, headers, body, endsAtMs, maxBytes, signal } = request;
  return new Promise((resolve, reject) => {
    let isOver = false;
    let started: Dispatcher.DispatchController | undefined;
    let status = 0;
    let answerHeaders: IncomingHttpHeaders = {};
    const parts: Buffer[] = [];
    let sizeBytes = 0;

    const end = (settle: () => void) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      settle();
    };
    const giveUp = (reason: Error) => {
      end(() => reject(reason));
      started?.abort(reason);
    };
    const onAbort = () => giveUp(reasonOf(signal));
    const isSent = () => started !== undefined;
    const late = () => new ExchangeError("late", isSent(), "late");
    const timer = setTimeout(() => giveUp(late()), Math.max(0, endsAtMs - performance.now()));
    if (signal?.aborted) return onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });

    dispatcher.dispatch(
      { method, path, headers, body: body ?? null },
      {
        onRequestStart(controller) {
          // a process that was stopped hears of its connections before its timers: the clock decides.
          // Thrown, so that nothing of it is sent
          if (isOver || performance.now() >= endsAtMs) {
            giveUp(late());
            throw late();
          }
          started = controller;
        },
        onResponseStart(_controller, code, found) {
          status = code;
          answerHeaders = found;
        },
        onResponseData(_controller, part) {
          sizeBytes += part.length;
          if (sizeBytes > maxBytes) giveUp(new ExchangeError("too_large", true, "too large"));
          else parts.push(part);
        },
        onResponseEnd() {
          end(() => resolve({ status, headers: answerHeaders, body: Buffer.concat(parts) }));
        },
        onResponseError(_controller, error) {
          end(() => reject(new ExchangeError("broken", isSent(), codeOf(error))));
        },
      },
    );
  });
}

export const reasonOf = (signal: AbortSignal | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new Error("aborted");

export const codeOf = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "broken";
};

/** What OpenSSL and Node call a certificate that is not believed. */
export const CERTIFICATE = /CERT|SIGNATURE|ISSUER|_SSL_|_TLS_/;
