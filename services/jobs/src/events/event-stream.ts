/** The events of a job as a stream that a browser's EventSource reads (HTML, section 9.2). */
import { Readable } from "node:stream";
import type { JobEvent } from "@airlock/contract";
import type { JobEventRow } from "@airlock/jobs-store";
import type { EventHub } from "./event-hub.ts";

/** Well within the minute after which proxies give up on what is silent. */
const HEARTBEAT_MS = 15_000;
/** What is kept for a reader that reads slowly: then nothing more is read for it. */
const KEPT_BYTES = 8192;
const RETRY_MS = { least: 500, spread: 1500 };

/** When to come back, each at another moment: all of them are told at once. */
export const retryWords = (random = Math.random()): string =>
  `retry: ${Math.round(RETRY_MS.least + RETRY_MS.spread * random)}\n\n`;

/** JSON has no line breaks of its own. */
export const frameOf = (event: JobEvent): string =>
  `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`;

/** Of a name of its own: the handler of messages is not told of it. */
const OVER = "event: over\ndata: {}\n\n";
const COMMENT = ":\n\n";

export const eventBody = ({ seq, at, kind, actor, data }: JobEventRow): JobEvent => ({
  seq,
  at: at.toISOString(),
  kind,
  actor,
  data,
});

export interface EventStreamOptions {
  readonly hub: EventHub;
  readonly jobId: string;
  /** The number of the last event that its reader has. */
  readonly after: number;
  readonly heartbeatMs?: number | undefined;
}

/** Destroying it leaves the hub. */
export function streamEvents({
  hub,
  jobId,
  after,
  heartbeatMs = HEARTBEAT_MS,
}: EventStreamOptions): Readable {
  let last = after;
  let isFull = false;
  let sentAtMs = performance.now();
  const body = new Readable({
    highWaterMark: KEPT_BYTES,
    read() {
      if (!isFull) return;
      isFull = false;
      following.wake();
    },
  });
  const push = (text: string) => {
    sentAtMs = performance.now();
    if (!body.push(text)) isFull = true;
  };
  push(retryWords());
  const following = hub.follow(jobId, {
    get after() {
      return last;
    },
    get isFull() {
      return isFull;
    },
    take(events) {
      last = events.at(-1)?.seq ?? last;
      push(events.map((event) => frameOf(eventBody(event))).join(""));
    },
    end() {
      following.leave();
      push(OVER);
      body.push(null);
    },
    beat(nowMs) {
      if (!isFull && nowMs - sentAtMs >= heartbeatMs) push(COMMENT);
    },
  });
  body.once("close", following.leave);
  return body;
}
