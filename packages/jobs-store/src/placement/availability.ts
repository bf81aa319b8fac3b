/** What there is of a type, in GPUs, or in slots where it has none. */
import type { Amount } from "./amounts.ts";
import type { TypeView } from "./view.ts";

export interface Availability {
  /** Of the nodes that are there, also of those that take nobody at present. */
  readonly total: number;
  /** That jobs could have now: not what the first one in line waits for. */
  readonly available: number;
  readonly in_use: number;
  readonly queued: number;
  /** The largest job that could ever start on the nodes that there are. */
  readonly max_per_node: number;
}

/** What would be the answer a moment later, when those who can start have started. */
export function availabilityOf({ row, question, placement, outlooks }: TypeView): Availability {
  const { nodes, booked } = question;
  const { placed, left, maxPerNode } = placement;
  const waiting = [...outlooks.values()].filter(({ startsNow }) => !startsNow);
  return {
    total: sum(nodes.map(({ size }) => unitsOf(size))),
    available: sum([...left.values()]),
    in_use: sum([...booked, ...placed].map(({ amount }) => unitsOf(amount))),
    queued: row.not_considered + sum(waiting.map(({ job }) => Math.max(1, job.gpu_count))),
    max_per_node: maxPerNode,
  };
}

const unitsOf = ({ gpus, slots }: Amount): number => gpus + slots;
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
