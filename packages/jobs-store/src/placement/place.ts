/**
 * Which of the jobs that wait start now, and on which node: the one answer that bookings, sentences
 * and availability come from. All nodes and jobs are of one type.
 */
import { type Amount, holds, minus, NOTHING, plus, shareOf, unitsIn } from "./amounts.ts";

export interface PlacementNode {
  readonly name: string;
  /** What pods may have of it. */
  readonly size: Amount;
  /** Taken by pods that are no jobs. */
  readonly foreign: Amount;
  /** Ready, and nobody forbade new pods on it. */
  readonly isOpen: boolean;
  /** Why an operator has closed it. */
  readonly closedBecause?: string | undefined;
}

export interface Booked {
  readonly nodeName: string;
  readonly amount: Amount;
  /** At the latest, in milliseconds since 1970. */
  readonly endsAtMs: number;
  /** Undefined: a pod that nobody has booked. */
  readonly holder?: Holder | undefined;
}

export interface Holder {
  readonly jobId: string;
  readonly username: string;
}

export interface WaitingJob {
  readonly jobId: string;
  /** 0: of a type without GPUs. */
  readonly gpus: number;
  /** Whose it is, where that decides. */
  readonly userId?: number | undefined;
}

/** What a user may start yet, by their quota. */
export interface Allowance {
  readonly gpus: number;
  readonly jobs: number;
}

export interface PlacementQuestion {
  readonly nodes: readonly PlacementNode[];
  readonly booked: readonly Booked[];
  /** In their order. */
  readonly waiting: readonly WaitingJob[];
  /** Of users who are not in it nothing is asked. */
  readonly allowances?: ReadonlyMap<number, Allowance> | undefined;
}

export interface Placed {
  readonly jobId: string;
  readonly nodeName: string;
  readonly amount: Amount;
}

/**
 * - quota: its owner has as much as they may; it holds nothing, and others pass it
 * - too_big: no node could hold it, were it empty; it holds nothing, and others pass it
 * - first: it has a node to itself as soon as that is free enough
 * - behind: it starts where there is room that the first one does not wait for
 */
export type Waits =
  | { readonly jobId: string; readonly why: "quota" | "too_big" }
  | { readonly jobId: string; readonly why: "first"; readonly startsByMs: number }
  | {
      readonly jobId: string;
      readonly why: "behind";
      readonly jobsAhead: number;
      /** There is room for it, which the first one waits for. */
      readonly isKept: boolean;
    };

export interface Placement {
  readonly placed: readonly Placed[];
  readonly waits: readonly Waits[];
  /** On which nobody else starts. */
  readonly heldNode: string | undefined;
  /** What is left for others of each open node, in GPUs, or in slots where it has none. */
  readonly left: ReadonlyMap<string, number>;
  /** The largest job that some open node holds when it is empty: one more is too big. */
  readonly maxPerNode: number;
}

interface Room {
  readonly node: PlacementNode;
  readonly booked: readonly Booked[];
  /** What it has for jobs when there are none. */
  readonly empty: Amount;
  free: Amount;
}

/**
 * The first job for which there is a node, but no room at present, holds the node that is free
 * enough soonest; those behind it start on the other nodes. So large jobs are never passed for ever,
 * and no node stands empty for them but one.
 */
export function place(question: PlacementQuestion): Placement {
  const { nodes, booked, waiting } = question;
  const allowances = new Map(question.allowances);
  const byNode = Map.groupBy(booked, ({ nodeName }) => nodeName);
  const rooms = nodes
    .filter(({ isOpen }) => isOpen)
    .map((node) => roomOf(node, byNode.get(node.name) ?? []));
  const placed: Placed[] = [];
  const waits: Waits[] = [];
  /** Sizes of jobs for which there is no room: rooms only get fuller. */
  const full = new Set<number>();
  const ableFor = new Map<number, readonly Room[]>();
  const keptFor = new Map<number, boolean>();
  let held: Room | undefined;
  let jobsAhead = 0;
  for (const { jobId, gpus, userId } of waiting) {
    const allowance = userId === undefined ? undefined : allowances.get(userId);
    if (allowance && (allowance.jobs < 1 || allowance.gpus < gpus)) {
      waits.push({ jobId, why: "quota" });
      continue;
    }
    const room = full.has(gpus) ? undefined : fullestThatHolds(rooms, gpus, held);
    if (room) {
      const amount = shareOf(room.node.size, gpus);
      room.free = minus(room.free, amount);
      placed.push({ jobId, nodeName: room.node.name, amount });
      if (allowance && userId !== undefined) {
        allowances.set(userId, { gpus: allowance.gpus - gpus, jobs: allowance.jobs - 1 });
      }
      continue;
    }
    full.add(gpus);
    const able =
      ableFor.get(gpus) ??
      rooms.filter(({ node, empty }) => holds(empty, shareOf(node.size, gpus)));
    ableFor.set(gpus, able);
    if (able.length === 0) {
      waits.push({ jobId, why: "too_big" });
      continue;
    }
    if (held === undefined) {
      const [soonest, startsByMs] = soonestOf(able, gpus);
      held = soonest;
      waits.push({ jobId, why: "first", startsByMs });
    } else {
      const isKept = keptFor.get(gpus) ?? holds(held.free, shareOf(held.node.size, gpus));
      keptFor.set(gpus, isKept);
      waits.push({ jobId, why: "behind", jobsAhead, isKept });
    }
    jobsAhead++;
  }
  const leftIn = (room: Room) => (room === held ? 0 : unitsIn(room.node.size, room.free));
  return {
    placed,
    waits,
    heldNode: held?.node.name,
    left: new Map(rooms.map((room) => [room.node.name, leftIn(room)])),
    maxPerNode: Math.max(0, ...rooms.map(({ node, empty }) => unitsIn(node.size, empty))),
  };
}

function roomOf(node: PlacementNode, booked: readonly Booked[]): Room {
  const empty = minus(node.size, node.foreign);
  const taken = booked.reduce((sum, { amount }) => plus(sum, amount), NOTHING);
  return { node, booked, empty, free: minus(empty, taken) };
}

/** The node with the least left: large jobs need those that are empty. */
function fullestThatHolds(
  rooms: readonly Room[],
  gpus: number,
  held: Room | undefined,
): Room | undefined {
  let fullest: Room | undefined;
  for (const room of rooms) {
    if (room === held || !holds(room.free, shareOf(room.node.size, gpus))) continue;
    if (fullest === undefined || compareFullness(room, fullest) < 0) fullest = room;
  }
  return fullest;
}

const compareFullness = (a: Room, b: Room): number =>
  leftOf(a) - leftOf(b) || compare(a.node.name, b.node.name);

const leftOf = ({ free }: Room): number => free.gpus + free.slots;
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** What was placed a moment ago counts as never ending: it was not there when it was asked. */
function soonestOf(able: readonly Room[], gpus: number): [room: Room, atMs: number] {
  const times = able.map((room) => [room, freeAtMs(room, gpus)] as const);
  const [first] = times.toSorted(
    ([a, aMs], [b, bMs]) =>
      compareTimes(aMs, bMs) || leftOf(b) - leftOf(a) || compare(a.node.name, b.node.name),
  );
  const [room, atMs] = first as (typeof times)[number];
  return [room, atMs];
}

const compareTimes = (a: number, b: number): number => (a === b ? 0 : a - b);

/**
 * Where there is room for a job soonest, of the open nodes that could hold it, and what has it until then.
 *
 * @param heldFor the node that another one waits for.
 */
export function soonestFor(
  { nodes, booked }: PlacementQuestion,
  gpus: number,
  heldFor?: string,
): { readonly node: PlacementNode; readonly booked: readonly Booked[] } | undefined {
  const byNode = Map.groupBy(booked, ({ nodeName }) => nodeName);
  const able = nodes
    .filter(({ isOpen, name }) => isOpen && name !== heldFor)
    .map((node) => roomOf(node, byNode.get(node.name) ?? []))
    .filter(({ node, empty }) => holds(empty, shareOf(node.size, gpus)));
  return able.length === 0 ? undefined : soonestOf(able, gpus)[0];
}

/** Whether a node could hold a job, were it empty. */
export const couldHold = ({ size, foreign }: PlacementNode, gpus: number): boolean =>
  holds(minus(size, foreign), shareOf(size, gpus));

function freeAtMs({ node, booked, free }: Room, gpus: number): number {
  const wanted = shareOf(node.size, gpus);
  let then = free;
  for (const { amount, endsAtMs } of booked.toSorted((a, b) => a.endsAtMs - b.endsAtMs)) {
    then = plus(then, amount);
    if (holds(then, wanted)) return endsAtMs;
  }
  return Number.POSITIVE_INFINITY;
}
