/** A counter by outcome that costs next to nothing: numbers, which prom-client learns when it is read. */
import { Counter, type Registry } from "prom-client";

/**
 * prom-client goes through the labels with each count, which takes as long as the check that is counted.
 *
 * @returns what counts one; outcomes are a closed list of words.
 */
export function countOutcomes(
  registry: Registry,
  about: { readonly name: string; readonly help: string },
): (outcome: string) => void {
  const counts = new Map<string, number>();
  new Counter({
    ...about,
    labelNames: ["outcome"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, count] of counts) this.labels(outcome).inc(count);
    },
  });
  return (outcome) => void counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
}
