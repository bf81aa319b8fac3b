/** A job as it is decided about: what its row says, at the database's time. */
import type { FinalState, JobState } from "@airlock/jobs-store";

export interface JobView {
  readonly jobId: string;
  readonly status: JobState;
  /** The word that it is to end with; undefined: it is to run. */
  readonly endAs: FinalState | undefined;
  readonly gpuType: string;
  /** Its type can be asked for. */
  readonly isOffered: boolean;
  readonly hasCommand: boolean;
  /** The pod stays after the command. */
  readonly keep: boolean;
  /** Undefined: it has none. */
  readonly diskName: string | undefined;
  /** It asked for a disk that is not there. */
  readonly isDiskGone: boolean;
  readonly generation: number;
  readonly createdAtMs: number;
  readonly statusSinceMs: number;
  readonly launchedAtMs: number | undefined;
  readonly expiresAtMs: number | undefined;
  readonly warningsSent: Readonly<Record<string, unknown>>;
  /** What its owner is told at present. */
  readonly detail: string | undefined;
  /** What it wrote is kept, as far as there was anything. */
  readonly hasLog: boolean;
  readonly exitCode: number | undefined;
  readonly booking: BookingView | undefined;
  readonly chores: ChoresView;
}

/** What is asked of a job that runs, and how far its box has it. */
export interface ChoresView {
  /** It has all that it was to be made with, files among it that are put anew when they change. */
  readonly hasFiles: boolean;
  /** Of what its files are made of, and of what its box has. */
  readonly filesVersion: number;
  readonly putVersion: number;
  /** How often its node is still to be told of them, and when next. */
  readonly pokesLeft: number;
  readonly pokeAtMs: number | undefined;
  readonly hasNextTask: boolean;
  /** When a task that was put off is to be begun. */
  readonly taskDueAtMs: number | undefined;
  readonly hasBegunTasks: boolean;
}

export interface BookingView {
  readonly podName: string;
  readonly nodeName: string;
  readonly memoryMib: number;
  /** Undefined until it is proved that the pod was made. */
  readonly podUid: string | undefined;
  /** The node did not take it: it is removed, and the job goes back to those that wait. */
  readonly isGivenBack: boolean;
}

export interface Limits {
  /** Longest wait for a node. */
  readonly queueHours: number;
  /** Longest time from a node to a pod that runs. */
  readonly preparingMinutes: number;
  /** Between the end that was told and the end. */
  readonly expiryGraceSeconds: number;
  /** Before the end, the longest first. */
  readonly warningMinutes: readonly number[];
  /** For a node that does not answer to come back. */
  readonly nodeLostSeconds: number;
  /** For a wrong name of an image to become right, as when it is pushed a moment later. */
  readonly imageGraceSeconds: number;
  /** Pods that a job may have had refused by nodes. */
  readonly maxGenerations: number;
}

export const LIMITS: Limits = {
  queueHours: 48,
  preparingMinutes: 60,
  expiryGraceSeconds: 120,
  warningMinutes: [30, 15, 5],
  nodeLostSeconds: 300,
  imageGraceSeconds: 90,
  maxGenerations: 5,
};
