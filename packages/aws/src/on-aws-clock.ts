/** Has the SDK sign by AWS's time. */
import type { AwsClock } from "@airlock/config";

interface SdkClient {
  readonly config: { systemClockOffset: number };
}

/**
 * Signs by this clock. The SDK's own offset is right only for the call before: when the machine's clock is
 * set, calls fail until AWS has refused one, and those that run beside it are not tried again.
 */
export function onAwsClock<C extends SdkClient>(client: C, clock: AwsClock): C {
  Object.defineProperty(client.config, "systemClockOffset", {
    get: () => clock.offsetMs,
    // the SDK tells the time of each signed answer
    set: (offsetMs: number) => clock.note(Date.now() + offsetMs),
  });
  return client;
}
