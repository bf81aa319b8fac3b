/** What a submission asks for, once it is known that it can be asked for here. */
import { randomUUID } from "node:crypto";
import { ProblemError, type SubmitJob } from "@airlock/contract";
import type { InsertJobArgs } from "@airlock/jobs-store";
import type { ApiDeps } from "../deps.ts";
import type { GpuChoice, GpuWish } from "./gpu-choice.ts";
import { demandHours } from "./job-hours.ts";
import { shortNameOf } from "./pod-names.ts";

export type Wanted = Omit<
  InsertJobArgs,
  | "podName"
  | "envVarsSealed"
  | "userId"
  | "diskId"
  | "wantedFingerprint"
  | "order"
  | "isOfferChecked"
>;

/** @throws ProblemError gpu_type_unknown, gpu_type_mismatch, invalid_body. */
export async function wantedOf(
  choose: (wish: GpuWish) => Promise<GpuChoice>,
  body: SubmitJob,
  { maxJobHours, defaultImage }: Pick<ApiDeps, "maxJobHours" | "defaultImage">,
): Promise<Wanted & { readonly hasQuotas: boolean }> {
  demandHours(body.duration_hours, maxJobHours);
  const image = body.image ?? defaultImage;
  if (image === undefined) throw noImage();
  const { RESERVATION_ID, GPU_TYPE, GPU_COUNT, POD_NAME, ...controls } = body.env_vars
    ?.controls ?? { GITHUB_USER: "", JUPYTER_ENABLED: false };
  const reservationId = RESERVATION_ID ?? randomUUID();
  const wish = {
    instanceType: body.instance_type ?? undefined,
    gpuType: GPU_TYPE,
    gpuCount: GPU_COUNT,
  };
  return {
    reservationId,
    name: POD_NAME ?? shortNameOf(reservationId),
    image,
    command: body.command ?? null,
    // without it a job is the same to a version that does not know of it
    ...(body.keep && { keep: true }),
    ...(body.ports && body.ports.length > 0 && { ports: body.ports }),
    ...(await choose(wish)),
    durationHours: body.duration_hours,
    diskName: body.disk_name ?? null,
    diskSizeGb: body.disk_size_gb ?? null,
    githubUser: controls.GITHUB_USER,
    sshPublicKeys: body.ssh_public_keys ?? [],
    jupyterEnabled: controls.JUPYTER_ENABLED,
  };
}

const noImage = () =>
  new ProblemError("invalid_body", "image: is needed; this installation has none of its own.");
