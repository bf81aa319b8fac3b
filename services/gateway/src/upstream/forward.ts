/** Passes one client's request to the upstream, and the answer back. */
import { Readable } from "node:stream";
import type { LayerPresenter } from "@airlock/identity";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Answer } from "./exchange.ts";
import { answeredInTime, upstreamProblem } from "./failures.ts";
import { Flights } from "./flights.ts";
import { clientHeaders, flightKey, isShareable, upstreamHeaders } from "./headers.ts";
import { alone, ClientLeftError, type Reader, readWithin } from "./reader.ts";
import { relayedProblem } from "./relayed-problem.ts";
import { TIMINGS, type Timing } from "./timing.ts";
import type { Upstream } from "./upstream.ts";

export interface Target {
  /** Path at the upstream, built from checked parts only. */
  readonly path: string;
  readonly timing: Timing;
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

  const answerTo = async (request: FastifyRequest, reply: FastifyReply, target: Target) => {
    const refusal = upstream.refusal();
    if (refusal) throw refusal;
    const { caller } = request;
    const headers = { ...upstreamHeaders(request.raw, request.id), ...layer?.headers(caller) };
    const { overallMs } = TIMINGS[target.timing];
    const send = (bufferBytes: number) => upstream.send({ ...target, headers, bufferBytes });
    const read = (reader: Reader) => readWithin(reader, reply.raw, overallMs);

    if (isShareable(request.raw)) {
      const key = flightKey(target.path, request.raw, caller);
      const reader = flights.join(key, request.id, () => send(SHARED_BYTES));
      if (reader.sharedWith !== undefined) {
        request.logFields = { upstream_request_id: reader.sharedWith };
        upstream.requestShared();
      }
      const answer = await read(reader);
      if (answer) return answer;
      request.logFields = undefined; // too large to share
    }
    return read(alone(send(WHOLE_BYTES)));
  };

  const forward = async (request: FastifyRequest, reply: FastifyReply, target: Target) => {
    try {
      const answer = await answerTo(request, reply, target);
      upstream.requestEnded(true);
      if (answer) sendAnswer(reply, answer);
    } catch (error) {
      if (error instanceof ClientLeftError) return reply.hijack();
      const answered = answeredInTime(error);
      if (answered !== undefined) upstream.requestEnded(answered);
      reply.send(upstreamProblem(error));
    }
  };
  return (request, reply, target) => void forward(request, reply, target);
}

function sendAnswer(reply: FastifyReply, { status, headers, body }: Answer): void {
  if (status >= 400 || (status >= 300 && status !== 304)) {
    reply.send(relayedProblem(status, headers, body));
    return;
  }
  reply.code(status).headers(clientHeaders(headers));
  const length = headers["content-length"];
  if (body instanceof Readable && length !== undefined) reply.header("content-length", length);
  reply.send(body);
}
