/** What there is of a type, in GPUs, or in slots where it has none. */
import type { Amount } from "./amounts.ts";
import type { PlacementQuestion } from "./place.ts";
import { place } from "./place.ts";

export interface Availability {
  /** Of nodes that take pods. */
  readonly total: number;
  /** That a job could have now: not what the first one in line waits for. */
  readonly available: number;
  readonly in_use: number;
  readonly queued: number;
  /** Of the largest node. */
  readonly max_per_node: number;
}

export function availabilityOf(question: PlacementQuestion): Availability {
  const { nodes, booked, waiting } = question;
  const { placed, left } = place(question);
  const open = nodes.filter(({ isOpen }) => isOpen);
  const placedIds = new Set(placed.map(({ jobId }) => jobId));
  return {
    total: sum(open.map(({ size }) => unitsOf(size))),
    available: sum([...left.values()].map((amount) => Math.max(0, unitsOf(amount)))),
    // what starts this moment waits no more
    in_use: sum([...booked, ...placed].map(({ amount }) => unitsOf(amount))),
    queued: sum(
      waiting.filter(({ jobId }) => !placedIds.has(jobId)).map(({ gpus }) => Math.max(1, gpus)),
    ),
    max_per_node: Math.max(0, ...open.map(({ size }) => unitsOf(size))),
  };
}

const unitsOf = ({ gpus, slots }: Amount): number => gpus + slots;
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
