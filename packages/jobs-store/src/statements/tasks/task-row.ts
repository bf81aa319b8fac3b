/** What is asked of a job that runs. */
export type TaskKind = "jupyter_on" | "jupyter_off" | "add_user";

export interface TaskRow {
  readonly task_id: string;
  readonly kind: TaskKind;
  /** As in its order. */
  readonly arguments: { readonly github_username?: string };
  readonly age_seconds: number;
}

/** In the order in which they were asked for. */
export const TASK_ORDER = "created_at, task_id";
export const TASK_COLUMNS =
  "task_id, kind, arguments, extract(epoch FROM now() - created_at)::double precision AS age_seconds";
