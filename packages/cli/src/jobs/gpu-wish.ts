/** Which GPUs a job asks for: what availability tells decides, no table of types of our own. */
import type { GpuAvailability } from "@airlock/contract";
import { CliError, EXIT, usageError } from "../cli-error.ts";
import { nearest } from "../nearest.ts";

export interface GpuWish {
  /** In lower case. */
  readonly type: string | undefined;
  readonly instance: string | undefined;
  readonly count: number | undefined;
}

export interface ChosenType {
  readonly type: string;
  /** Why, where nobody has named it. */
  readonly why: string | undefined;
}

/** Machines without GPUs are counted in the jobs that they take. */
const isCpu = ({ gpu_type }: GpuAvailability): boolean => gpu_type.startsWith("cpu");
const MOST_GPUS = 9999;

/** @throws CliError of usage */
export function countOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,4}$/.test(text) ? Number(text) : MOST_GPUS + 1;
  if (count <= MOST_GPUS) return count;
  throw usageError("--gpus is a number of GPUs.");
}

/**
 * The type that is asked for; without one the only type with nodes, else the one with most free GPUs
 * among those that can hold the job.
 *
 * @returns undefined where the machine says it all.
 * @throws CliError EXIT.noCapacity for more GPUs than a node of the type has.
 */
export function chooseType(
  wish: GpuWish,
  types: readonly GpuAvailability[],
): ChosenType | undefined {
  const { type, instance, count } = wish;
  if (type !== undefined) {
    const named = types.find(({ gpu_type }) => gpu_type === type);
    if (!named) throw unknownType(type, types);
    demandRoom(named, count);
    return { type, why: undefined };
  }
  if (instance !== undefined) {
    const of = types.find(({ instance_types }) => instance_types.includes(instance));
    if (of) demandRoom(of, count);
    return undefined;
  }
  const wantsCpu = count === 0;
  const there = types.filter((one) => one.known && one.total > 0 && isCpu(one) === wantsCpu);
  const fitting = there.filter(({ max_per_node }) => wantsCpu || (count ?? 1) <= max_per_node);
  const [only, another] = fitting;
  if (!only) {
    const most = there.toSorted((a, b) => b.max_per_node - a.max_per_node)[0];
    if (most) demandRoom(most, count);
    const sentence = wantsCpu ? "No machine without GPUs is here now." : "No type has nodes now.";
    throw new CliError(EXIT.noCapacity, sentence, {
      next: "Name the one to wait for: --type TYPE. `gpu-dev avail` has the types.",
    });
  }
  if (!another) return { type: only.gpu_type, why: "the only type with nodes" };
  const freest = fitting.reduce((a, b) => (b.available > a.available ? b : a));
  return { type: freest.gpu_type, why: `${freest.available} free, the most of all types` };
}

function demandRoom(type: GpuAvailability, count: number | undefined): void {
  const { gpu_type, known, max_per_node } = type;
  if (count === undefined || !known || max_per_node === 0 || isCpu(type)) return;
  if (count <= max_per_node) return;
  throw new CliError(
    EXIT.noCapacity,
    `${count} GPUs are more than a node of ${gpu_type} has: ${max_per_node}. All GPUs of a job are on one node.`,
    { next: "`gpu-dev avail` has the types." },
  );
}

function unknownType(type: string, types: readonly GpuAvailability[]): CliError {
  const names = types.map(({ gpu_type }) => gpu_type);
  const near = nearest(type, names);
  const next = near ? `Did you mean ${near}?` : `There are ${names.join(", ")}.`;
  return usageError(`There is no GPU type ${JSON.stringify(type)} here.`, next);
}
