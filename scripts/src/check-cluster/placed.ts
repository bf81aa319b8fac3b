/** Puts a process into the cluster's place: where its API server is, and what time it is there. */

/** API servers give no shorter tokens. */
export const SHORT_SECONDS = 600;
/** A clock beyond a short token and its leeway, and within what signatures for AWS allow. */
export const AHEAD_SECONDS = SHORT_SECONDS + 60;

const PRELOAD = new URL("preload.ts", import.meta.url).href;

export interface Place {
  /** Connections to this origin … */
  readonly issuer?: string;
  /** … are made to that one, as inside the cluster; TLS goes on asking for the issuer's name. */
  readonly at?: string;
  /** How much the process's clock is ahead. */
  readonly aheadSeconds?: number;
}

/** Environment of a Node process that is placed so. */
export function placedEnv({ issuer, at, aheadSeconds }: Place): Record<string, string> {
  return {
    NODE_OPTIONS: `--import=${PRELOAD}`,
    ...(issuer !== undefined && at !== undefined && { AIRLOCK_CHECK_ROUTE: `${issuer} ${at}` }),
    ...(aheadSeconds !== undefined && { AIRLOCK_CHECK_AHEAD_SECONDS: String(aheadSeconds) }),
  };
}
