/** Waits for a service that is starting. */
import { setTimeout as sleep } from "node:timers/promises";

const START_LIMIT_MS = 30_000;

export async function untilOk(url: string): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  for (;;) {
    const isOk = await fetch(url).then(
      async (response) => {
        await response.arrayBuffer();
        return response.ok;
      },
      () => false,
    );
    if (isOk) return;
    if (performance.now() > deadline) throw new Error(`${url} does not answer`);
    await sleep(50);
  }
}
