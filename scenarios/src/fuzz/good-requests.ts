/** Requests that nothing is wrong with, before one of which nobody knows: they must be answered first. */
import type { Random } from "../rig/random.ts";

export interface GoodRequest {
  /** Comes back with the answer. */
  readonly id: string;
  readonly text: string;
}

/** The upstream takes its time for names that begin so: what follows comes while they are in progress. */
export const SLOW_NAME = "slow-";

const PATHS = [`/config/${SLOW_NAME}1`, `/config/${SLOW_NAME}2`, "/config/my-parameter", "/livez"];

/** None for most connections, for one in three up to three. */
export function goodRequests(random: Random, number: number): readonly GoodRequest[] {
  const count = random.chance(1 / 3) ? 1 + random.below(3) : 0;
  return Array.from({ length: count }, (_, index) => {
    const id = `good-${number}-${index}`;
    const head = `GET ${random.pick(PATHS)} HTTP/1.1\r\nHost: gateway.test\r\nX-Request-Id: ${id}\r\n`;
    const hasBody = random.chance(0.2);
    return { id, text: hasBody ? `${head}Content-Length: 5\r\n\r\nhello` : `${head}\r\n` };
  });
}
