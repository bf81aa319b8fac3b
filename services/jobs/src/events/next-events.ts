/** The next events of a job, once there are any. */
import type { JobEventRow } from "@airlock/jobs-store";
import type { EventHub } from "./event-hub.ts";

export interface NextEvents {
  readonly events: readonly JobEventRow[];
  /** There will be no event behind these. */
  readonly isOver: boolean;
}

const NONE: NextEvents = { events: [], isOver: false };

/** @param signal ends the wait before its time, without events. */
export function nextEvents(
  hub: EventHub,
  { jobId, after }: { readonly jobId: string; readonly after: number },
  waitMs: number,
  signal: AbortSignal,
): Promise<NextEvents> {
  return new Promise((resolve) => {
    let taken: readonly JobEventRow[] = [];
    const settle = (next: NextEvents) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      following?.leave();
      resolve(next);
    };
    const onAbort = () => settle(NONE);
    const timer = setTimeout(onAbort, waitMs);
    signal.addEventListener("abort", onAbort, { once: true });
    const following = hub.follow(jobId, {
      get after() {
        return taken.at(-1)?.seq ?? after;
      },
      isFull: false,
      take(events) {
        taken = events;
        // whether it is over is told a moment later, if it is
        queueMicrotask(() => settle({ events: taken, isOver: false }));
      },
      end: () => settle({ events: taken, isOver: true }),
    });
    if (signal.aborted) onAbort();
  });
}
