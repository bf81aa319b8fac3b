/** A kind of machine that jobs can ask for. */
export interface GpuTypeRow {
  readonly gpu_type: string;
  readonly instance_type: string;
  readonly max_gpus: number;
  readonly max_per_node: number;
  readonly cpus: number;
  readonly memory_gb: number;
  /** GPUs in the cluster when all its nodes are up. */
  readonly total_cluster_gpus: number;
}

export const GPU_TYPE_COLUMNS =
  "gpu_type, instance_type, max_gpus, max_per_node, cpus, memory_gb, total_cluster_gpus";
