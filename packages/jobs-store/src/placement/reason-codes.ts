/** What keeps a job waiting, for programs; and in words. */

export type WaitCode =
  | "starts_now"
  | "quota"
  | "others_first"
  | "no_free_node"
  | "drained"
  | "too_big"
  | "no_nodes"
  | "nodes_closed"
  | "disk_in_use"
  | "disk_not_ready"
  | "cluster_unseen";

export interface Reason {
  readonly code: WaitCode;
  readonly sentence: string;
  /**
   * For the job's row and its events: without who has a node until when, which changes often, and would be
   * written down for each job that waits.
   */
  readonly brief?: string | undefined;
  /** When it starts at the latest, as the sentence says it; undefined where it says none. */
  readonly startsByMs?: number;
  /** What its owner can do; none: to wait. */
  readonly remedies: readonly string[];
}
