/** A kind of machine that jobs can ask for. */
export interface GpuTypeRow {
  readonly gpu_type: string;
  /** The first of its machines. */
  readonly instance_type: string;
  readonly instance_types: readonly string[];
  /** Of one node. */
  readonly max_gpus: number;
  /** Not of the type: whether there is a quota at all, so that nobody has to ask who has none. */
  readonly has_quotas: boolean;
}

export const GPU_TYPE_COLUMNS = "gpu_type, instance_type, instance_types, max_gpus";
