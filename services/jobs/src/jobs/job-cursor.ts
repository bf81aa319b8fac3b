/** Where a page of jobs ended, as the client keeps it. */
import { JOB_ID, readCursor, writeCursor } from "@airlock/contract";
import type { JobPosition } from "@airlock/jobs-store";
import * as z from "zod";

const Position = z.strictObject({ at: z.iso.datetime(), id: z.string().regex(JOB_ID) });

/** @throws ProblemError invalid_cursor. */
export function positionOf(list: string, cursor: string): JobPosition {
  const { at, id } = readCursor(list, cursor, Position);
  return { createdAt: new Date(at), reservationId: id };
}

interface Listed {
  readonly created_at: Date;
  readonly reservation_id: string;
}

export const cursorAt = (list: string, { created_at, reservation_id }: Listed): string =>
  writeCursor(list, { at: created_at.toISOString(), id: reservation_id });
