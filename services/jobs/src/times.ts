/** Times as the clients of this API expect them. */

/** ISO 8601 with `+00:00`, as Python writes UTC and all its versions read it. */
export const isoTime = (at: Date): string => at.toISOString().replace("Z", "+00:00");
export const isoTimeOrNull = (at: Date | null): string | null => (at === null ? null : isoTime(at));
