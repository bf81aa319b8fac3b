/** Which machines a submission means: it may name the instance type, the GPU type or both. */
import { ProblemError } from "@airlock/contract";
import { findGpuTypes, type GpuTypeRow, type Queryable } from "@airlock/jobs-store";

export interface GpuWish {
  readonly instanceType: string | undefined;
  /** In lower case. */
  readonly gpuType: string | undefined;
  readonly gpuCount: number | undefined;
}

export interface GpuChoice {
  readonly gpuType: string;
  readonly gpuCount: number;
  readonly instanceType: string;
  /** Somebody's: it has to be looked at whether this user's. */
  readonly hasQuotas: boolean;
}

/** @throws ProblemError gpu_type_unknown, gpu_type_mismatch, invalid_body for a count that does not go. */
export async function chooseGpus(db: Queryable, wish: GpuWish): Promise<GpuChoice> {
  const { instanceType, gpuType } = wish;
  if (instanceType === undefined && gpuType === undefined) {
    const detail = "instance_type: say which machines, by this or by env_vars.GPU_TYPE.";
    throw new ProblemError("invalid_body", detail);
  }
  const found = await findGpuTypes(db, { gpuType, instanceType });
  const byType = found.find((row) => row.gpu_type === gpuType);
  const byInstance = found.find(
    (row) => instanceType !== undefined && machinesOf(row).includes(instanceType),
  );
  if (instanceType !== undefined && byInstance === undefined) {
    throw new ProblemError("gpu_type_unknown", `There is no instance type ${instanceType} here.`);
  }
  if (gpuType !== undefined && byType === undefined) {
    throw new ProblemError("gpu_type_unknown", `There is no GPU type ${gpuType} here.`);
  }
  const row = byInstance ?? byType;
  if (row === undefined) throw new Error("a kind of machine was found by neither of its names");
  if (byType !== undefined && row !== byType) {
    throw new ProblemError(
      "gpu_type_mismatch",
      `${instanceType} has GPUs of type ${row.gpu_type}, not ${gpuType}.`,
    );
  }
  return {
    gpuType: row.gpu_type,
    gpuCount: countOf(wish, row),
    instanceType: instanceType ?? row.instance_type,
    hasQuotas: row.has_quotas,
  };
}

/** Rows of the release before name one machine alone. */
const machinesOf = ({ instance_type, instance_types }: GpuTypeRow) => [
  instance_type,
  ...instance_types,
];

/** One GPU unless asked otherwise; none where there is none. */
function countOf({ gpuCount }: GpuWish, { gpu_type, max_gpus }: GpuTypeRow): number {
  const min = Math.min(1, max_gpus);
  const count = gpuCount ?? min;
  if (count >= min && count <= max_gpus) return count;
  const range = min === max_gpus ? `${min}` : `${min} to ${max_gpus}`;
  throw new ProblemError("invalid_body", `env_vars.GPU_COUNT: ${gpu_type} takes ${range}.`);
}
