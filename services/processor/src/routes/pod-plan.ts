/** `/internal/pod-plan`: the pod that would be made of a job, for jobs, which makes none. */
import { PlannedPod, PodPlan } from "@airlock/contract";
import type { App } from "@airlock/http";
import { listMachineTypes, type Store } from "@airlock/jobs-store";
import { claimNameOf } from "../disks/disk-names.ts";
import { podManifest } from "../pod/pod-manifest.ts";
import type { PodRules } from "../pod/pod-wish.ts";

export interface PodPlanDeps {
  readonly store: Store;
  readonly rules: PodRules;
}

export function podPlanRoutes(app: App, { store, rules }: PodPlanDeps): void {
  app.post(
    "/internal/pod-plan",
    {
      schema: {
        summary: "The manifest of a pod that nobody has asked for yet, without its Secrets.",
        tags: ["internal"],
        body: PodPlan,
        response: { 200: PlannedPod },
      },
    },
    async ({ body }) => {
      const types = await listMachineTypes(store.pool);
      const type = types.find(({ gpu_type }) => gpu_type === body.gpu_type);
      const pod = podManifest(
        {
          jobId: body.job_id,
          generation: 1,
          podName: body.pod_name,
          nodeName: body.node_name,
          image: body.image,
          owner: body.owner,
          name: body.name,
          hasCommand: body.has_command,
          keep: body.keep,
          gpus: body.gpus,
          resourceName: type?.resource_name ?? "nvidia.com/gpu",
          cpuMillis: body.cpu_millis,
          memoryMib: body.memory_mib,
          homeClaim: body.disk_id && claimNameOf(body.disk_id),
        },
        rules,
      );
      return { pod: { apiVersion: "v1", kind: "Pod", ...pod } };
    },
  );
}
