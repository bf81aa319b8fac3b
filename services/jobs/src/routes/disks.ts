/** `/v1/disks`: a user's disks as they are. */
import {
  Disk,
  DiskContent,
  DiskOperation,
  DiskSnapshots,
  Disks,
  DisksQuery,
  isDiskName,
  ProblemError,
} from "@airlock/contract";
import { type App, problems } from "@airlock/http";
import {
  type DiskRow,
  findContent,
  findDisk,
  findDiskOperation,
  listDisks,
  listSnapshots,
} from "@airlock/jobs-store";
import type { FastifyRequest } from "fastify";
import * as z from "zod";
import type { ApiDeps } from "../deps.ts";
import { deleted, diskNotFound } from "../disks/change-disk.ts";
import { contentBody, diskBody, operationBody, snapshotBody } from "../disks/disk-bodies.ts";
import { userOf } from "../users.ts";

const params = z.object({ disk_name: z.string() });

export function diskRoutes(app: App, { store }: ApiDeps): void {
  const demandDisk = async (request: FastifyRequest, diskName: string): Promise<DiskRow> => {
    const { userId } = userOf(request);
    const disk = isDiskName(diskName) && (await findDisk(store.pool, { userId, diskName }));
    if (!disk) throw diskNotFound(diskName);
    return disk;
  };

  app.get(
    "/v1/disks",
    {
      schema: {
        summary: "The user's disks that are not deleted, newest first.",
        tags: ["disks"],
        querystring: DisksQuery,
        response: { 200: Disks },
      },
    },
    async (request) => {
      const { deleted: isDeleted } = request.query;
      const rows = await listDisks(store.pool, userOf(request).userId, isDeleted);
      return { disks: rows.map(diskBody), total: rows.length };
    },
  );
  app.get(
    "/v1/disks/:disk_name",
    {
      schema: {
        summary: "One disk, a deleted one too.",
        tags: ["disks"],
        params,
        response: { 200: Disk, ...problems(404) },
      },
    },
    async (request) => diskBody(await demandDisk(request, request.params.disk_name)),
  );
  app.get(
    "/v1/disks/:disk_name/operations/:operation_id",
    {
      schema: {
        summary: "How far a change of a disk has come.",
        tags: ["disks"],
        params: params.extend({ operation_id: z.string() }),
        response: { 200: DiskOperation, ...problems(404) },
      },
    },
    async (request) => {
      const { userId } = userOf(request);
      // by its own id: the path's name may be the one from before a rename
      const { operation_id: operationId } = request.params;
      const isId = z.guid().safeParse(operationId).success;
      const row = isId && (await findDiskOperation(store.pool, { userId, operationId }));
      if (!row) throw new ProblemError("operation_not_found", "Operation not found for this disk");
      return operationBody(row);
    },
  );
  app.get(
    "/v1/disks/:disk_name/snapshots",
    {
      schema: {
        summary: "A disk's snapshots, newest first; of a deleted disk too.",
        tags: ["disks"],
        params,
        response: { 200: DiskSnapshots, ...problems(404) },
      },
    },
    async (request) => {
      const { disk_id } = await demandDisk(request, request.params.disk_name);
      const rows = await listSnapshots(store.pool, disk_id);
      return { snapshots: rows.map(snapshotBody), total: rows.length };
    },
  );
  app.get(
    "/v1/disks/:disk_name/content",
    {
      schema: {
        summary: "The newest listing of what is on a disk, by its snapshots.",
        tags: ["disks"],
        params,
        response: { 200: DiskContent, ...problems(404, 410) },
      },
    },
    async (request) => {
      const disk = await demandDisk(request, request.params.disk_name);
      if (disk.is_deleted) throw deleted(disk.disk_name);
      return contentBody(disk, await findContent(store.pool, disk.disk_id));
    },
  );
}
