/** What a statement that forgets rows is told. */
export interface PurgeArgs {
  /** Days since the row was of use, by the database's clock. */
  readonly olderThanDays: number;
  /** Most rows, the oldest first: no statement takes long. */
  readonly limit: number;
}
