/** The nodes that are there, and which of them operators have closed. */

export interface NodeRow {
  readonly node_name: string;
  readonly gpus: number;
  readonly cpu_millis: number;
  readonly memory_mib: number;
  readonly slots: number;
  readonly is_ready: boolean;
  readonly is_schedulable: boolean;
  /** Why an operator has closed it, or its whole type. */
  readonly closed_because: string | null;
  readonly foreign_gpus: number;
  readonly foreign_cpu_millis: number;
  readonly foreign_memory_mib: number;
  /** Taken by pods of jobs that nobody has booked. */
  readonly unbooked_gpus: number;
  readonly unbooked_cpu_millis: number;
  readonly unbooked_memory_mib: number;
  readonly unbooked_slots: number;
}

/** Of all types. */
export const NODES = `
SELECT node_name, gpus, cpu_millis, memory_mib, slots, is_ready, is_schedulable, (
    SELECT reason FROM cordons
    WHERE cordons.node_name = nodes.node_name OR cordons.gpu_type = nodes.gpu_type
    -- what was said of the node itself
    ORDER BY cordons.node_name NULLS LAST LIMIT 1
  ) AS closed_because, foreign_gpus,
  foreign_cpu_millis, foreign_memory_mib, unbooked_gpus, unbooked_cpu_millis, unbooked_memory_mib,
  unbooked_slots, gpu_type
FROM nodes WHERE gone_at IS NULL`;
