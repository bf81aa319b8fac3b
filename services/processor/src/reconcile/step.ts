/** What is done for a job next: one thing, or nothing for a while. */
import type { FinalState } from "@airlock/jobs-store";

export type Step =
  /** Until something happens to it, or the time is over; null: until something happens. */
  | Wait
  /** Its pod, or what is missing of its Secrets and its port; or finds them. */
  | { readonly do: "make_pod" }
  | { readonly do: "activate"; readonly nodeIp: string | null; readonly detail: string }
  | { readonly do: "warn"; readonly text: string; readonly sent: Readonly<Record<string, true>> }
  /** Something is asked of it: what that needs is got, and noted. */
  | { readonly do: "begin_task" }
  /** The files of its box are put anew, its node is told of them, and its owner of what they were for. */
  | { readonly do: "put_files" }
  | { readonly do: "poke" }
  | { readonly do: "finish_tasks" }
  /** It is to end; its pod is there still. */
  | End
  | { readonly do: "keep_log" }
  | { readonly do: "remove_pod"; readonly uid: string; readonly isForced?: boolean }
  /** Removes a pod that its node did not take. */
  | { readonly do: "give_back"; readonly uid: string; readonly detail: string }
  /** Back to those that wait; nothing of it is left. */
  | { readonly do: "requeue"; readonly detail: string }
  /** Nothing of it is left. */
  | { readonly do: "finish"; readonly as: FinalState; readonly reason?: string | undefined }
  /** It is over already; nothing of it is left. */
  | { readonly do: "clean" };

export interface Wait {
  readonly do: "wait";
  readonly seconds: number | null;
  /** For its owner. */
  readonly detail?: string | undefined;
  /** The event that tells of it. Default: progress. */
  readonly kind?: "unscheduled" | "starting" | "pull_failed" | undefined;
  /** Of the event, beside the detail: the cluster's own words. */
  readonly words?: string | undefined;
}

export interface End {
  readonly do: "end";
  readonly as: FinalState;
  /** The event that tells of it. */
  readonly kind: string;
  /** For its owner. */
  readonly reason?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly oomContainer?: string | undefined;
}

export const fail = (kind: string, reason: string, more: Partial<End> = {}): End => ({
  ...more,
  do: "end",
  as: "failed",
  kind,
  reason,
});
