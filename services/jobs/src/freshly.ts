/** What scrapes of the metrics are told of the database. */

/** So often, at most, it is asked, however many scrape. */
const FRESH_MS = 15_000;

/** @returns undefined where there is no answer: no numbers, which is not the same as zero. */
export function freshly<Answer>(ask: () => Promise<Answer>): () => Promise<Answer | undefined> {
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<Answer | undefined> = Promise.resolve(undefined);
  return () => {
    if (performance.now() - readAtMs >= FRESH_MS) {
      readAtMs = performance.now();
      reading = ask().catch(() => undefined);
    }
    return reading;
  };
}
