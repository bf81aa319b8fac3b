/**
 * What a job's owner is told while it has not started: it stands in the row as it is now, and among the
 * events once, however often it comes back. Words that differ in numbers alone say the same.
 */

/** What is said, without how many. */
const meaning = (words: string): string => `regexp_replace(${words}, '[0-9]+', '#', 'g')`;

/**
 * An expression, of a row of `reservations`: whether none of its events says this since it came to its state.
 *
 * @param words an expression.
 */
export const isNews = (words: string): string => `NOT EXISTS (
  SELECT FROM job_events AS known
  WHERE known.reservation_id = reservations.reservation_id AND known.at >= status_since
    AND ${meaning("known.data ->> 'detail'")} = ${meaning(words)}
)`;
