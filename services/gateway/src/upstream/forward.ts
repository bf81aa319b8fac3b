/** Passes one client's request to the upstream, and the answer back. */
import { Readable } from "node:stream";
import { encodeGroups, type LayerPresenter } from "@airlock/identity";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Answer, Method } from "./exchange.ts";
import { upstreamProblem } from "./failures.ts";
import { Flights } from "./flights.ts";
import { flightKey, objectWishesOf, upstreamHeaders, type Wishes, wishesOf } from "./headers.ts";
import { alone, ClientLeftError, type Reader, readWithin } from "./reader.ts";
import { sendAnswer } from "./send-answer.ts";
import { TIMINGS, type Timing } from "./timing.ts";
import type { Retry, Upstream } from "./upstream.ts";
import { waitForChange } from "./waits.ts";

export interface Target {
  /** Path and query at the upstream, built from checked parts only. */
  readonly path: string;
  readonly timing: Exclude<Timing, "wait" | "keyCheck" | "health">;
  /** GET unless said otherwise. */
  readonly method?: Method;
  /** JSON. */
  readonly body?: string | Buffer | undefined;
  /** The client's credentials and the like: the answer is for it alone, and so is a refusal. */
  readonly ownHeaders?: Readonly<Record<string, string>>;
  /** Unset means `unanswered`, and `unsent` for a POST. */
  readonly retry?: Retry;
  /** How long to wait for another answer than the one that If-None-Match names. */
  readonly waitSeconds?: number | undefined;
}

/** Answers the request, now or later; never throws. */
export type Forward = (request: FastifyRequest, reply: FastifyReply, target: Target) => void;

/** Bodies up to this size are shared by all who wait for them. */
const SHARED_BYTES = 1_048_576;
/** Bodies up to this size go to the client in one write. */
const WHOLE_BYTES = 65_536;

/** @param layer proves to the upstream who is asking, and names the caller. */
export function createForward(upstream: Upstream, layer?: LayerPresenter): Forward {
  const flights = new Flights();

  const headersFor = (request: FastifyRequest, wishes: Wishes, { body, ownHeaders }: Target) => ({
    ...upstreamHeaders(request.raw, request.id, wishes),
    ...(body !== undefined && { "content-type": "application/json" }),
    ...ownHeaders,
    ...layer?.headers(request.caller, request.groups, request.client.address),
  });

  const refuse = (timing: Timing) => {
    const refusal = upstream.refusal(timing);
    if (refusal) throw refusal;
  };

  const noteShared = (request: FastifyRequest, { sharedWith }: Reader) => {
    if (sharedWith === undefined) return;
    request.logFields = { upstream_request_id: sharedWith };
    upstream.requestShared();
  };

  const readNow = async (request: FastifyRequest, reply: FastifyReply, target: Target) => {
    refuse(target.timing);
    const { path, timing, method = "GET", body } = target;
    const { retry = method === "POST" ? "unsent" : "unanswered" } = target;
    const wishes = timing === "stream" ? objectWishesOf(request.raw) : wishesOf(request.raw);
    const headers = headersFor(request, wishes, target);
    const limits = { limitMs: TIMINGS[timing].overallMs };
    const send = (bufferBytes: number) =>
      upstream.send({ method, path, timing, headers, body, bufferBytes, retry });

    if (isShareable(target)) {
      const key = keyOf(request, path, wishes);
      const reader = flights.join(key, request.id, () => send(SHARED_BYTES));
      noteShared(request, reader);
      const answer = await readWithin(reader, reply.raw, limits);
      if (answer) return answer;
      request.logFields = undefined; // too large to share
    }
    return readWithin(alone(send(WHOLE_BYTES)), reply.raw, limits);
  };

  /** Undefined when it is time to answer with what there is now. */
  const readChanged = async (
    request: FastifyRequest,
    reply: FastifyReply,
    target: Target,
    seconds: number,
  ): Promise<Answer | undefined> => {
    refuse("wait");
    const { path } = target;
    const wishes = wishesOf(request.raw);
    const headers = headersFor(request, wishes, target);
    const how = { method: "GET", timing: "wait", retry: "unanswered" } as const;
    const call = { ...how, headers, bufferBytes: SHARED_BYTES };
    const endWait = request.takePlace("wait");
    try {
      return await waitForChange(flights, {
        key: `wait ${keyOf(request, path, wishes)}`,
        requestId: request.id,
        client: reply.raw,
        seconds,
        draining: request.server.draining,
        send: (left) => upstream.send({ ...call, path: withWord(path, `wait=${left}s`) }),
        onJoined: (reader) => noteShared(request, reader),
      });
    } finally {
      endWait();
    }
  };

  const forward = async (request: FastifyRequest, reply: FastifyReply, target: Target) => {
    const { waitSeconds } = target;
    let leave: (() => void) | undefined;
    let isStreaming = false;
    try {
      // from the beginning: an object whose first byte is late holds a connection as well
      if (target.timing === "stream") leave = request.takePlace("stream");
      if (leave) reply.raw.once("close", leave);
      const changed = waitSeconds && (await readChanged(request, reply, target, waitSeconds));
      const answer = changed || (await readNow(request, reply, target));
      if (!answer) return;
      isStreaming = answer.body instanceof Readable;
      sendAnswer(reply, answer, target);
    } catch (error) {
      if (error instanceof ClientLeftError) return reply.hijack();
      reply.send(upstreamProblem(error));
    } finally {
      if (!isStreaming) leave?.();
    }
  };
  return (request, reply, target) => void forward(request, reply, target);
}

/** Objects are as large as they are, and a POST is one client's own. */
const isShareable = ({ method = "GET", timing, ownHeaders }: Target): boolean =>
  method === "GET" && timing !== "stream" && ownHeaders === undefined;

function keyOf({ caller, groups }: FastifyRequest, path: string, wishes: Wishes): string {
  const listed = groups && encodeGroups(groups);
  return flightKey(path, wishes, { name: caller, groups: listed ?? "" });
}

const withWord = (path: string, word: string): string =>
  `${path}${path.includes("?") ? "&" : "?"}${word}`;
