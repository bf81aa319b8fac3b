/** What happened to a job, on the wire: a page of events, an answer that waits for them, or a stream. */
import * as z from "zod";
import { count, ordinal } from "./numbers.ts";
import { MAX_WAIT_SECONDS } from "./parameters.ts";
import { integerWord } from "./query-words.ts";
import { timestamp } from "./timestamp.ts";

/** The most events on a page. */
export const MAX_EVENTS = 500;
/** Of a number that the database gives: 32 bits. */
const MAX_SEQ = 2_147_483_647;
const SEQ = /^\d{1,10}$/;
const seqError = "must be the number of an event, or 0";

export const JobEventsQuery = z.strictObject({
  after: z
    .string()
    .refine((text) => seqOf(text) !== undefined, { error: seqError })
    .transform(Number)
    .optional()
    .meta({
      ...integerWord(0, MAX_SEQ),
      description:
        "Only what happened after the event of this number; a Last-Event-ID goes before it.",
    }),
  wait: z
    .string()
    .regex(/^(\d|[1-5]\d|60)s?$/, { error: `must be 0s to ${MAX_WAIT_SECONDS}s` })
    .transform((text) => Number.parseInt(text, 10))
    .optional()
    .describe(
      "Answers with JSON once there is an event, or without one after so long (0s to 60s; the gateway may cut it).",
    ),
});

/** The number of an event, as clients write it; undefined for what is none. */
export function seqOf(text: string): number | undefined {
  const seq = SEQ.test(text) ? Number(text) : Number.NaN;
  return seq <= MAX_SEQ ? seq : undefined;
}

export const JobEvent = z
  .object({
    seq: ordinal.meta({ description: "1 for the first event of a job; none is left out." }),
    at: timestamp,
    kind: z.string(),
    actor: z.string().meta({ description: "user, processor or operator." }),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "JobEvent" });

export const JobEvents = z
  .object({
    events: z.array(JobEvent),
    next_seq: count.meta({ description: "What to send as `after` next time." }),
    is_over: z.boolean().meta({ description: "There will be no event behind these." }),
  })
  .meta({ id: "JobEvents", description: "What happened to a job, in its order." });

export type JobEvent = z.infer<typeof JobEvent>;
export type JobEvents = z.infer<typeof JobEvents>;

/** What a client asks for: JSON now, JSON when there is something, or a stream. */
export type EventsForm = "page" | "wait" | "stream";

/**
 * A stream is for who asks for one, or for nothing in particular; the gateway and jobs both ask this.
 *
 * @param accept the header (RFC 9110 §12.5.1).
 * @param hasWait whether the query has the word.
 */
export function eventsFormOf(accept: string | undefined, hasWait: boolean): EventsForm {
  const quality = qualitiesOf(accept ?? "");
  const stream = quality("text/event-stream");
  if (hasWait) return stream > 0 ? "stream" : "wait";
  return quality("application/json") > stream ? "page" : "stream";
}

/** Of a type by its own name: who takes anything has named nothing. */
function qualitiesOf(accept: string): (type: string) => number {
  const ranges = accept.split(",").map((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const quality = parameters.find((one) => one.startsWith("q="))?.slice(2) ?? "1";
    return { type, quality: Number(quality) || 0 };
  });
  return (type) => ranges.find((range) => range.type === type)?.quality ?? 0;
}
