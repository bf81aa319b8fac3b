/** The states of a job, as the database checks them. */

/** Before and while it runs; a pod name belongs to one live job. */
export const LIVE_STATES = ["queued", "pending", "preparing", "creating_server", "active"] as const;

/** Nothing more happens. */
export const FINAL_STATES = ["expired", "cancelled", "failed"] as const;

export const JOB_STATES = [...LIVE_STATES, ...FINAL_STATES] as const;

export type LiveState = (typeof LIVE_STATES)[number];
export type JobState = (typeof JOB_STATES)[number];

export const isLive = (state: JobState): state is LiveState =>
  (LIVE_STATES as readonly JobState[]).includes(state);
