/** `/v1/jobs/{id}/events`: what happened to a job, as a page, as an answer that waits, or as a stream. */
import {
  EVENT_EXAMPLE,
  eventsFormOf,
  JobEvents,
  JobEventsQuery,
  MAX_EVENTS,
  ProblemError,
  seqOf,
} from "@airlock/contract";
import { type App, clientLeft, problems, sendFlowing } from "@airlock/http";
import { findJobHeads, type JobEventRow, listJobEvents, type Standing } from "@airlock/jobs-store";
import type { FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import type { ApiDeps } from "../deps.ts";
import type { EventHub } from "../events/event-hub.ts";
import { eventBody, retryWords, streamEvents } from "../events/event-stream.ts";
import { nextEvents } from "../events/next-events.ts";
import { demandOne } from "../jobs/find-by-prefix.ts";
import { userOf } from "../users.ts";

export interface JobEventsDeps extends Pick<ApiDeps, "store"> {
  readonly hub: EventHub;
  readonly standing: Standing;
}

/** Where a reader is. */
interface Place {
  readonly jobId: string;
  readonly after: number;
  /** The number of the last event that there will be; undefined while that is not known. */
  readonly end: number | undefined;
}

type EventsRequest = FastifyRequest<{
  Params: { job_id: string };
  Querystring: z.output<typeof JobEventsQuery>;
}>;

export function jobEventRoutes(app: App, { store, hub, standing }: JobEventsDeps): void {
  app.get(
    "/v1/jobs/:job_id/events",
    {
      schema: {
        summary:
          "What happened to a job, in its order: JSON for who accepts that or asks with wait, else server-sent events, to its end.",
        tags: ["jobs"],
        params: z.object({ job_id: z.string() }),
        querystring: JobEventsQuery,
        response: {
          200: {
            description: JobEvents.description ?? "",
            content: {
              "application/json": { schema: JobEvents },
              "text/event-stream": { schema: z.string().meta({ example: EVENT_EXAMPLE }) },
            },
          },
          204: z.any().describe("Of a stream: the job is over, and all of it is known."),
          ...problems(404, 409),
        },
      },
    },
    async (request, reply) => {
      const place = await placeOf(request);
      const { wait } = request.query;
      switch (eventsFormOf(request.headers.accept, wait !== undefined)) {
        case "page":
          return await pageAt(place);
        case "wait":
          return await waitAt(place, (wait ?? 0) * 1000, request, reply);
        case "stream":
          if (isOverAt(place)) return reply.code(204).send();
          return streamAt(place, request, reply);
      }
    },
  );

  async function placeOf(request: EventsRequest): Promise<Place> {
    const { userId } = userOf(request);
    const { job_id: prefix } = request.params;
    const after = knownSeq(request) ?? request.query.after ?? 0;
    const job = await demandOne(prefix, () => findJobHeads(store.pool, { userId, prefix }));
    const { reservation_id: jobId, version, is_over } = job;
    // whoever waits for what comes behind it would wait for ever, and miss what comes before it
    if (after > version) {
      throw new ProblemError(
        "bad_request",
        `The last event of the job is number ${version}: there is none of number ${after}.`,
      );
    }
    return { jobId, after, end: is_over ? version : undefined };
  }

  async function pageAt(place: Place): Promise<JobEvents> {
    const { jobId: reservationId, after } = place;
    const rows = await listJobEvents(store.pool, { reservationId, after, limit: MAX_EVENTS });
    const nextSeq = rows.at(-1)?.seq ?? after;
    return bodyOf(rows, nextSeq, isOverAt({ ...place, after: nextSeq }));
  }

  async function waitAt(
    place: Place,
    waitMs: number,
    request: EventsRequest,
    reply: FastifyReply,
  ): Promise<JobEvents> {
    const page = await pageAt(place);
    if (page.events.length > 0 || page.is_over || waitMs === 0) return page;
    const leave = request.takePlace("events", `user ${userOf(request).userId}`);
    try {
      const { draining } = request.server;
      const signal = AbortSignal.any([draining, clientLeft(reply)]);
      const { events, isOver } = await nextEvents(hub, place, waitMs, signal);
      return bodyOf(events, events.at(-1)?.seq ?? place.after, isOver);
    } finally {
      leave();
    }
  }

  function streamAt({ jobId, after }: Place, request: EventsRequest, reply: FastifyReply) {
    const { userId, keyPrefix } = userOf(request);
    const leave = request.takePlace("events", `user ${userId}`);
    const body = streamEvents({ hub, jobId, after });
    const forget = standing.watch({
      jobId,
      keyPrefix,
      // of a job that is over the stream comes to its end by itself
      onFallen: (why) => why === "forbidden" && body.destroy(new Error("the key was revoked")),
    });
    body.once("close", () => {
      forget();
      leave();
    });
    void reply.type("text/event-stream").header("cache-control", "no-store");
    return sendFlowing(reply, body, retryWords());
  }
}

/**
 * What the client's last stream told it last.
 *
 * @throws ProblemError bad_request.
 */
function knownSeq({ headers }: FastifyRequest): number | undefined {
  const told = headers["last-event-id"];
  if (told === undefined || told === "") return undefined;
  const seq = typeof told === "string" ? seqOf(told) : undefined;
  if (seq !== undefined) return seq;
  throw new ProblemError("bad_request", "Last-Event-ID is no number of an event.");
}

const isOverAt = ({ after, end }: Place): boolean => end !== undefined && after >= end;

const bodyOf = (rows: readonly JobEventRow[], nextSeq: number, isOver: boolean): JobEvents => ({
  events: rows.map(eventBody),
  next_seq: nextSeq,
  is_over: isOver,
});
