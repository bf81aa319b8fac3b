/** Sends calls as whoever the access says, once more where that is safe, and tells what came of them. */
import type { Readable } from "node:stream";
import { type Access, AccessError, type AccessKeeper } from "./access.ts";
import { ClusterError } from "./cluster-error.ts";
import type { Connections } from "./connections.ts";
import {
  CERTIFICATE,
  ExchangeError,
  type ExchangeRequest,
  exchange,
  type Reply,
} from "./exchange.ts";
import { withoutAnswer } from "./no-answer.ts";
import { openStream, type Streamed, type StreamParts } from "./open-stream.ts";
import { isChange, refusal, type Subject } from "./refusals.ts";
import { headersOf, pathAt } from "./request-parts.ts";
import { readStatus } from "./status-words.ts";

export interface CallRequest {
  readonly subject: Subject;
  readonly method: ExchangeRequest["method"];
  readonly path: string;
  readonly body?: object | undefined;
  /** Of the body; unset, application/json. */
  readonly contentType?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface StreamRequest extends StreamParts {
  readonly subject: Subject;
}

export interface Caller {
  /** The JSON of a successful answer. @throws ClusterError, or the signal's reason. */
  call(request: CallRequest): Promise<unknown>;
  /** The body of a successful answer, as it comes. @throws ClusterError, or the signal's reason. */
  stream(request: StreamRequest): Promise<Readable>;
}

export interface CallRecord {
  readonly verb: Subject["verb"];
  readonly kind: Subject["kind"];
  /** `ok`, or the kind of the ClusterError. */
  readonly outcome: string;
  readonly tookMs: number;
}

/** A page of 500 pods takes 5 MB at most. */
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_REFUSAL_BYTES = 256 * 1024;

export function createCaller(
  access: AccessKeeper,
  connections: Connections,
  onCall: (record: CallRecord) => void,
): Caller {
  /** @throws ClusterError */
  const currentAccess = async (of: () => Promise<Access>): Promise<Access> => {
    try {
      return await of();
    } catch (error) {
      if (error instanceof AccessError) throw new ClusterError("unauthorized", `${error.message}.`);
      throw error;
    }
  };

  /** Twice at most: with another access when the first is not believed, or a read on another connection. */
  async function send<T>(
    { subject, signal }: Pick<CallRequest, "subject" | "signal">,
    once: (access: Access) => Promise<T & { readonly status: number }>,
    discard: (answer: T) => Promise<unknown>,
  ): Promise<T & { readonly status: number }> {
    const first = await currentAccess(() => access.current());
    let second = first;
    try {
      const answer = await once(first);
      if (answer.status !== 401) return answer;
      second = await currentAccess(() => access.renew(first));
      if (second.authorization === first.authorization) return answer;
      await discard(answer);
    } catch (error) {
      if (!(error instanceof ExchangeError) || signal?.aborted) throw error;
      const { why, wasSent, code } = error;
      if (why !== "broken" || (wasSent && isChange(subject))) throw error;
      if (!wasSent) {
        if (!CERTIFICATE.test(code)) throw error;
        second = await currentAccess(() => access.renew(first));
        if (second.tls.ca === first.tls.ca && second.tls.cert === first.tls.cert) throw error;
      }
    }
    return once(second);
  }

  const told = async <T>(subject: Subject, work: () => Promise<T>): Promise<T> => {
    const startedMs = performance.now();
    const record = (outcome: string) =>
      onCall({
        verb: subject.verb,
        kind: subject.kind,
        outcome,
        tookMs: performance.now() - startedMs,
      });
    try {
      const result = await work();
      record("ok");
      return result;
    } catch (thrown) {
      const error = thrown instanceof ExchangeError ? withoutAnswer(subject, thrown) : thrown;
      record(error instanceof ClusterError ? error.kind : "aborted");
      throw error;
    }
  };

  return {
    call: (request) =>
      told(request.subject, async () => {
        const { subject, method, path, body, contentType = "application/json" } = request;
        const { timeoutMs, signal } = request;
        // whatever it takes to learn who asks, and to ask a second time
        const endsAtMs = performance.now() + timeoutMs;
        const reply = await send<Reply>(
          request,
          (by) =>
            exchange(connections.calls(by), {
              method,
              path: pathAt(by, path),
              headers: {
                ...headersOf(by),
                ...(body !== undefined && { "content-type": contentType }),
              },
              body: body && JSON.stringify(body),
              endsAtMs,
              maxBytes: MAX_BYTES,
              signal,
            }),
          async () => {},
        );
        const json = jsonOf(reply.body);
        if (reply.status < 200 || reply.status > 299) {
          throw refusal(
            subject,
            readStatus(json, reply.status),
            headerOf(reply.headers["retry-after"]),
          );
        }
        if (json === undefined) throw new ExchangeError("broken", true, "no JSON");
        return json;
      }),

    stream: (request) =>
      told(request.subject, async () => {
        const answer = await send<Streamed>(
          request,
          (by) => openStream(connections.streams(by), by, request),
          async ({ body }) => body.destroy(),
        );
        if (answer.status === 200 || answer.status === 204) return answer.body;
        // its status alone says the most of it
        const said = await firstBytes(answer.body).catch(() => Buffer.alloc(0));
        const words = readStatus(jsonOf(said), answer.status);
        throw refusal(request.subject, words, headerOf(answer.headers["retry-after"]));
      }),
  };
}

const headerOf = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

async function firstBytes(body: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of body) {
    parts.push(part);
    sizeBytes += part.length;
    if (sizeBytes > MAX_REFUSAL_BYTES) break;
  }
  return Buffer.concat(parts);
}
