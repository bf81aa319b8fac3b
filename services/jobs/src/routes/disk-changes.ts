/** `/v1/disks`: disks made, copied, grown, kept in snapshots, deleted, restored, renamed. */
import { CreateDisk, DiskRenamed, DiskRequested, RenameDisk, ResizeDisk } from "@airlock/contract";
import { type App, problems } from "@airlock/http";
import type { Transaction } from "@airlock/jobs-store";
import type { FastifyRequest } from "fastify";
import * as z from "zod";
import type { AuditEvent } from "../audit.ts";
import type { ApiDeps } from "../deps.ts";
import {
  cloneDisk,
  createDisk,
  type DiskChange,
  deleteDisk,
  giveDiskName,
  growDisk,
  snapshotDisk,
  undeleteDisk,
} from "../disks/change-disk.ts";
import { userOf } from "../users.ts";

const params = z.object({ disk_name: z.string() });
const failures = problems(404, 409, 410);

export function diskChangeRoutes(
  app: App,
  { mutate, audit, diskQueue, diskSizeGb }: ApiDeps,
): void {
  const change = async <Answer extends { readonly operation_id: string }>(
    request: FastifyRequest,
    event: AuditEvent,
    diskName: string,
    work: (transaction: Transaction, change: DiskChange) => Promise<Answer>,
  ): Promise<Answer> => {
    const wanted = { user: userOf(request), diskName, queue: diskQueue };
    const { answer, isRepeat } = await mutate(request, (transaction) => work(transaction, wanted));
    const { operation_id } = answer;
    if (!isRepeat) audit.done(request, event, { disk_name: diskName, operation_id });
    return answer;
  };

  app.post(
    "/v1/disks",
    {
      schema: {
        summary: "Asks for a disk: an empty one, or one with what another one has on it.",
        tags: ["disks"],
        body: CreateDisk,
        response: { 200: DiskRequested, ...failures },
      },
    },
    (request) => {
      const { disk_name, size_gb, from } = request.body;
      if (from) {
        const wish = { from, sizeGb: size_gb ?? undefined };
        return change(request, "disk_clone", disk_name, (transaction, wanted) =>
          cloneDisk(transaction, { ...wanted, ...wish }),
        );
      }
      const sizeGb = size_gb ?? diskSizeGb;
      return change(request, "disk_create", disk_name, (transaction, wanted) =>
        createDisk(transaction, { ...wanted, sizeGb }),
      );
    },
  );
  app.post(
    "/v1/disks/:disk_name/resize",
    {
      schema: {
        summary: "Makes a disk larger; one that a job has too.",
        tags: ["disks"],
        params,
        body: ResizeDisk,
        response: { 200: DiskRequested, ...failures },
      },
    },
    (request) =>
      change(request, "disk_resize", request.params.disk_name, (transaction, wanted) =>
        growDisk(transaction, { ...wanted, sizeGb: request.body.size_gb }),
      ),
  );
  app.post(
    "/v1/disks/:disk_name/snapshots",
    {
      schema: {
        summary: "Takes a snapshot of a disk; of one that a job has as it is at that moment.",
        tags: ["disks"],
        params,
        response: { 200: DiskRequested, ...failures },
      },
    },
    (request) => change(request, "disk_snapshot", request.params.disk_name, snapshotDisk),
  );
  app.delete(
    "/v1/disks/:disk_name",
    {
      schema: {
        summary: "Deletes a disk; for 30 days it can be restored.",
        tags: ["disks"],
        params,
        response: { 200: DiskRequested, ...failures },
      },
    },
    (request) => change(request, "disk_delete", request.params.disk_name, deleteDisk),
  );
  app.post(
    "/v1/disks/:disk_name/restore",
    {
      schema: {
        summary: "Takes a deletion back.",
        tags: ["disks"],
        params,
        response: { 200: DiskRequested, ...failures },
      },
    },
    (request) => change(request, "disk_restore", request.params.disk_name, undeleteDisk),
  );
  app.post(
    "/v1/disks/:disk_name/rename",
    {
      schema: {
        summary: "Gives a disk another name.",
        tags: ["disks"],
        params,
        body: RenameDisk,
        response: { 200: DiskRenamed, ...failures },
      },
    },
    (request) =>
      change(request, "disk_rename", request.params.disk_name, (transaction, wanted) =>
        giveDiskName(transaction, { ...wanted, newName: request.body.new_name }),
      ),
  );
}
