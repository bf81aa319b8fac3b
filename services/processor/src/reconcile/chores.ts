/** What is asked of a job that runs: each task gets into its row, then its box's files, then its node is told, then its owner. */
import type { ChoresView } from "./job-view.ts";
import type { Step } from "./step.ts";

/** What is due now, or when something is. */
export function choreOf(chores: ChoresView, nowMs: number): Step | { readonly atMs: number } {
  const { filesVersion, putVersion, hasFiles, pokesLeft, pokeAtMs = nowMs, taskDueAtMs } = chores;
  // all that is asked at once is put at once
  if (chores.hasNextTask) return { do: "begin_task" };
  if (hasFiles && filesVersion > putVersion) return { do: "put_files" };
  const taskAtMs = taskDueAtMs ?? Number.POSITIVE_INFINITY;
  if (pokesLeft > 0) {
    return pokeAtMs <= nowMs ? { do: "poke" } : { atMs: Math.min(pokeAtMs, taskAtMs) };
  }
  return chores.hasBegunTasks ? { do: "finish_tasks" } : { atMs: taskAtMs };
}
