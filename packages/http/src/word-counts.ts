/** A counter that costs next to nothing: numbers, which prom-client learns when it is read. */
import { Counter, type Registry } from "prom-client";

/**
 * prom-client goes through the labels with each count, which takes as long as what is counted.
 *
 * @returns what counts one; the words of the label are a closed list.
 */
export function countWords(
  registry: Registry,
  { label, ...about }: { readonly name: string; readonly help: string; readonly label: string },
): (word: string) => void {
  const counts = new Map<string, number>();
  new Counter({
    ...about,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [word, count] of counts) this.labels(word).inc(count);
    },
  });
  return (word) => void counts.set(word, (counts.get(word) ?? 0) + 1);
}
