/** An API key as its owner sees it in a list. */
export interface KeyRow {
  readonly key_id: number;
  readonly key_prefix: string;
  readonly description: string | null;
  readonly created_at: Date;
  readonly expires_at: Date;
  /** No successor of this key lives longer. */
  readonly login_expires_at: Date;
  readonly last_used_at: Date | null;
}

export const KEY_COLUMNS =
  "key_id, key_prefix, description, created_at, expires_at, login_expires_at, last_used_at";
