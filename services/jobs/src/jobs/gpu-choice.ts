/** Which machines a submission means: it may name the instance type, the GPU type or both. */
import { ProblemError } from "@airlock/contract";
import { findGpuTypes, type GpuTypeRow, type Queryable } from "@airlock/jobs-store";

export interface GpuWish {
  readonly instanceType: string;
  /** In lower case. */
  readonly gpuType: string | undefined;
  readonly gpuCount: number | undefined;
}

export interface GpuChoice {
  readonly gpuType: string;
  readonly gpuCount: number;
  readonly instanceType: string;
}

/** @throws ProblemError gpu_type_unknown, gpu_type_mismatch, invalid_body for a count that does not go. */
export async function chooseGpus(db: Queryable, wish: GpuWish): Promise<GpuChoice> {
  const { instanceType, gpuType } = wish;
  const found = await findGpuTypes(db, { gpuType, instanceType });
  const byInstance = found.find((row) => row.instance_type === instanceType);
  if (byInstance === undefined) {
    throw new ProblemError("gpu_type_unknown", `There is no instance type ${instanceType} here.`);
  }
  if (gpuType !== undefined && gpuType !== byInstance.gpu_type) {
    if (!found.some((row) => row.gpu_type === gpuType)) {
      throw new ProblemError("gpu_type_unknown", `There is no GPU type ${gpuType} here.`);
    }
    throw new ProblemError(
      "gpu_type_mismatch",
      `${instanceType} has GPUs of type ${byInstance.gpu_type}, not ${gpuType}.`,
    );
  }
  return { gpuType: byInstance.gpu_type, gpuCount: countOf(wish, byInstance), instanceType };
}

/** One GPU unless asked otherwise; none where there is none. */
function countOf({ gpuCount }: GpuWish, { gpu_type, max_gpus }: GpuTypeRow): number {
  const min = Math.min(1, max_gpus);
  const count = gpuCount ?? min;
  if (count >= min && count <= max_gpus) return count;
  const range = min === max_gpus ? `${min}` : `${min} to ${max_gpus}`;
  throw new ProblemError("invalid_body", `env_vars.GPU_COUNT: ${gpu_type} takes ${range}.`);
}
