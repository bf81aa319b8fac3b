/** A moment as it stands on the wire. */
import * as z from "zod";

/** RFC 3339, in UTC or with an offset. */
export const timestamp = z.iso.datetime({ offset: true });
