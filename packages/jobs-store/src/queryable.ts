/** What statements run on: the store itself, or one transaction of it. */

export interface QueryAnswer<Row> {
  readonly rows: Row[];
  /** Rows changed or returned. */
  readonly rowCount: number | null;
}

export interface Queryable {
  /** @throws StoreError */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<QueryAnswer<Row>>;
}
