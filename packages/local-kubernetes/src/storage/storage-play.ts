/** How the storage behind claims and snapshots behaves, and what goes wrong with it. */
import * as z from "zod";
import { describeIssues } from "../faults/fault-schema.ts";
import { isLike } from "../faults/glob.ts";

const target = {
  /** Of the snapshot or the claim; `*` stands for any characters. */
  name: z.string().min(1).max(253).default("*"),
  /** Tries before the fault is gone. */
  count: z.int().min(1).max(1_000_000).optional(),
};
const delayMs = z.int().min(0).max(600_000);
const message = z.string().min(1).max(500);

const fault = z.discriminatedUnion("fault", [
  /** The driver is asked for it and never answers, for as long as the fault is on. */
  z.strictObject({ fault: z.literal("snapshotNeverTaken"), ...target }),
  /** The driver has taken it, and does not say that it can be used, for as long as the fault is on. */
  z.strictObject({ fault: z.literal("snapshotNeverReady"), ...target }),
  z.strictObject({ fault: z.literal("snapshotError"), ...target, message }),
  /** It is as its volume was at once, and can be used later. */
  z.strictObject({ fault: z.literal("snapshotSlow"), ...target, delayMs }),
  z.strictObject({ fault: z.literal("volumeError"), ...target, message }),
  z.strictObject({ fault: z.literal("volumeSlow"), ...target, delayMs }),
  z.strictObject({ fault: z.literal("growthError"), ...target, message }),
]);

export const storagePlay = z.strictObject({
  /** Whether the definitions of snapshots are installed. */
  hasSnapshots: z.boolean().default(true),
  /** Whether the storage class lets volumes grow. */
  canGrow: z.boolean().default(true),
  /** Whether a claim gets its volume when a pod mounts it, and not before: `WaitForFirstConsumer`. */
  waitsForPod: z.boolean().default(false),
  faults: z.array(fault).max(100).default([]),
});

export type StoragePlayInput = z.input<typeof storagePlay>;
type Fault = z.output<typeof fault>;
type FaultOf<N extends Fault["fault"]> = Extract<Fault, { fault: N }>;

/** Read at each step of what plays the storage. */
export class StoragePlay {
  #now: z.output<typeof storagePlay>;
  #onChange: () => void = () => {};

  constructor(input: StoragePlayInput) {
    this.#now = storagePlay.parse(input);
  }

  /** Replaces all; what is not named is as it is without a word. Throws a TypeError that names the bad member. */
  set(input: StoragePlayInput): void {
    const parsed = storagePlay.safeParse(input);
    if (!parsed.success) throw new TypeError(describeIssues(parsed.error));
    this.#now = parsed.data;
    this.#onChange();
  }

  get(): z.output<typeof storagePlay> {
    return this.#now;
  }

  get hasSnapshots(): boolean {
    return this.#now.hasSnapshots;
  }

  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /** The first fault of these names that hits; it loses a hit. */
  strike<N extends Fault["fault"]>(names: readonly N[], object: string): FaultOf<N> | undefined {
    const { faults } = this.#now;
    const hit = faults.find(
      (one): one is FaultOf<N> =>
        names.some((name) => name === one.fault) && isLike(one.name, object),
    );
    if (hit?.count === undefined) return hit;
    const left = hit.count > 1 ? [{ ...hit, count: hit.count - 1 }] : [];
    this.#now = { ...this.#now, faults: faults.flatMap((one) => (one === hit ? left : [one])) };
    return hit;
  }
}
