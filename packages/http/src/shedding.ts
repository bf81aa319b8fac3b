/** Refuses work early when there is too much of it: 503 now is better than 504 later. */

import { monitorEventLoopDelay } from "node:perf_hooks";
import { ProblemError } from "@airlock/contract";
import { Gauge } from "prom-client";
import type { App } from "./app-type.ts";
import type { Metrics } from "./metrics.ts";
import { isProbe } from "./probes.ts";

const SAMPLE_MS = 250;
const RESOLUTION_MS = 10;
/** Mean delay of the event loop beyond which new requests are refused … */
const MAX_DELAY_MS = 200;
/** … once it has lasted this many samples: a burst is served, a second of it is overload. */
const MAX_LATE_SAMPLES = 4;

export function registerShedding(app: App, metrics: Metrics, maxInFlight: number) {
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const delayGauge = new Gauge({
    name: "airlock_event_loop_delay_seconds",
    help: "Mean delay of the event loop over the last quarter second.",
    registers: [metrics.registry],
  });
  const { inFlight } = metrics;
  let lateSamples = 0;
  monitor.enable();
  const sampling = setInterval(() => {
    // the monitor reports its own timer's resolution as part of the delay
    const delayMs = Math.max(0, (monitor.mean || 0) / 1e6 - RESOLUTION_MS);
    lateSamples = delayMs > MAX_DELAY_MS ? lateSamples + 1 : 0;
    delayGauge.set(delayMs / 1000);
    monitor.reset();
  }, SAMPLE_MS).unref();
  app.addHook("onClose", () => {
    clearInterval(sampling);
    monitor.disable();
  });

  app.addHook("onRequest", (request, _reply, done) => {
    const { count, arriving, wait, stream, follow, events, tunnel } = inFlight;
    const working = count - arriving - wait - stream - follow - events - tunnel;
    const isOverloaded = working > maxInFlight || lateSamples >= MAX_LATE_SAMPLES;
    if (isOverloaded && !isProbe(request.url)) {
      return done(
        new ProblemError("overloaded", "Too much is going on here; try again shortly.", {
          headers: { "retry-after": "1" },
        }),
      );
    }
    done();
  });
}
