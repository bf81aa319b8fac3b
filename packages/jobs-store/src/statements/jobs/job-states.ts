/** The states of a job, as the database checks them. */

/** Before and while it runs. */
export const LIVE_STATES = ["queued", "pending", "preparing", "creating_server", "active"] as const;

/** The same as a statement lists them. */
export const LIVE = LIVE_STATES.map((state) => `'${state}'`).join(", ");

/** Nothing stands in the cluster for it yet: it can be ended by its row alone. */
export const WAITING_STATES = ["queued", "pending"] as const;

/** No other state comes after these. */
export const FINAL_STATES = ["completed", "expired", "cancelled", "failed"] as const;

export const JOB_STATES = [...LIVE_STATES, ...FINAL_STATES] as const;

export type LiveState = (typeof LIVE_STATES)[number];
export type FinalState = (typeof FINAL_STATES)[number];
export type JobState = (typeof JOB_STATES)[number];

export const isLive = (state: JobState): state is LiveState =>
  (LIVE_STATES as readonly JobState[]).includes(state);

export const isFinal = (state: JobState): state is FinalState => !isLive(state);
