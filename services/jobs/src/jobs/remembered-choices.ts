/** What was chosen lately, so that the next submission need not ask: whoever goes by it has it checked as the job is written. */
import type { GpuChoice, GpuWish } from "./gpu-choice.ts";

export interface RememberedChoices {
  /** For the same wish, within the last second. */
  find(wish: GpuWish): GpuChoice | undefined;
  keep(wish: GpuWish, choice: GpuChoice): void;
  forget(): void;
}

const FRESH_MS = 1000;

const keyOf = ({ gpuType, instanceType, gpuCount }: GpuWish): string =>
  JSON.stringify([gpuType, instanceType, gpuCount]);

export function createRememberedChoices(now = () => performance.now()): RememberedChoices {
  // no more than there are good wishes
  const choices = new Map<string, GpuChoice>();
  let freshUntilMs = Number.NEGATIVE_INFINITY;

  const forget = () => choices.clear();
  return {
    find: (wish) => (now() < freshUntilMs ? choices.get(keyOf(wish)) : undefined),
    keep(wish, choice) {
      // where there is a quota each submission has to ask
      if (choice.hasQuotas) return;
      if (now() >= freshUntilMs) {
        forget();
        freshUntilMs = now() + FRESH_MS;
      }
      choices.set(keyOf(wish), choice);
    },
    forget,
  };
}
