/** How much of a node: what it has, what is booked on it, what a job takes of it. */

export interface Amount {
  readonly gpus: number;
  readonly cpuMillis: number;
  readonly memoryMib: number;
  /** Of a node without GPUs: how many jobs it takes. */
  readonly slots: number;
}

export const NOTHING: Amount = { gpus: 0, cpuMillis: 0, memoryMib: 0, slots: 0 };

/** What runs on every node beside the jobs, such as device plug-ins, has the rest. */
const PART_OF_NODE = 0.9;

/**
 * What a job of `gpus` takes of a node of this size: as large a part of CPU and memory as of the
 * GPUs, or one slot where it wants none. Those of a node's jobs never add up to more than the node.
 */
export function shareOf(size: Amount, gpus: number): Amount {
  const whole = gpus > 0 ? size.gpus : size.slots;
  const part = whole > 0 ? (gpus > 0 ? gpus : 1) / whole : 1;
  const of = (amount: number) => Math.floor(amount * part * PART_OF_NODE);
  return {
    gpus,
    cpuMillis: of(size.cpuMillis),
    memoryMib: of(size.memoryMib),
    slots: gpus > 0 ? 0 : 1,
  };
}

export const plus = (a: Amount, b: Amount): Amount => ({
  gpus: a.gpus + b.gpus,
  cpuMillis: a.cpuMillis + b.cpuMillis,
  memoryMib: a.memoryMib + b.memoryMib,
  slots: a.slots + b.slots,
});

/** Below zero where more is taken than there is, as on a node that lost a GPU. */
export const minus = (a: Amount, b: Amount): Amount => ({
  gpus: a.gpus - b.gpus,
  cpuMillis: a.cpuMillis - b.cpuMillis,
  memoryMib: a.memoryMib - b.memoryMib,
  slots: a.slots - b.slots,
});

export const holds = (free: Amount, wanted: Amount): boolean =>
  free.gpus >= wanted.gpus &&
  free.cpuMillis >= wanted.cpuMillis &&
  free.memoryMib >= wanted.memoryMib &&
  free.slots >= wanted.slots;

/**
 * The largest job, in GPUs, that there is room for in what is free of a node of this size; of one
 * without GPUs, how many jobs.
 */
export function unitsIn(size: Amount, free: Amount): number {
  let units = Math.min(free.gpus, size.gpus);
  if (size.gpus > 0) {
    while (units > 0 && !holds(free, shareOf(size, units))) units--;
    return Math.max(0, units);
  }
  const one = shareOf(size, 0);
  const times = (whole: number, part: number) =>
    part > 0 ? Math.floor(whole / part) : Number.POSITIVE_INFINITY;
  units = Math.min(
    free.slots,
    times(free.cpuMillis, one.cpuMillis),
    times(free.memoryMib, one.memoryMib),
  );
  return Math.max(0, units);
}
