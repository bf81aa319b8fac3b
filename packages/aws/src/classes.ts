/** The classes of calls to AWS: how long each part may take, how many run, and one caller's share. */

/** Places for calls of their own, so that what is slow by nature holds up nothing else. */
export const LANES = {
  value: { running: 20, waiting: 50 },
  tree: { running: 20, waiting: 50 },
  list: { running: 20, waiting: 50 },
  /** Objects up to their first byte; `MAX_STREAMS` has the rest. */
  stream: { running: 40, waiting: 100 },
  wait: { running: 10, waiting: 10 },
} as const;

export type LaneName = keyof typeof LANES;

/** Of the places of a lane, running or waiting, one caller has no more than this part. */
export const CALLER_SHARE = 0.5;

/** In milliseconds; each is longer than those within it, and `wholeMs` shorter than the gateway's limit. */
export interface ClassRules {
  readonly lane: LaneName;
  /** Longest wait for a turn in the budget of calls; S3 has none. */
  readonly turnMs: number;
  /** Longest wait for a place in the lane. */
  readonly queueMs: number;
  /** One attempt of one call. */
  readonly attemptMs: number;
  /** One call with all its attempts; of a list of S3, all its calls. */
  readonly workMs: number;
  /** All of it, for whoever asked. */
  readonly wholeMs: number;
}

export const CLASSES = {
  /** One parameter. */
  value: {
    lane: "value",
    turnMs: 800,
    queueMs: 300,
    attemptMs: 1000,
    workMs: 1200,
    wholeMs: 2300,
  },
  /** The values below a path; its pages go on being fetched when nobody waits for them any longer. */
  tree: {
    lane: "tree",
    turnMs: 22_000,
    queueMs: 1800,
    attemptMs: 5000,
    workMs: 10_000,
    wholeMs: 22_000,
  },
  /** Names, buckets, objects: S3 looks through many keys for a page of few prefixes. */
  list: {
    lane: "list",
    turnMs: 22_000,
    queueMs: 1800,
    attemptMs: 10_000,
    workMs: 21_000,
    wholeMs: 23_000,
  },
  /** One object, to its first byte. */
  stream: {
    lane: "stream",
    turnMs: 0,
    queueMs: 600,
    attemptMs: 2000,
    workMs: 4000,
    wholeMs: 4600,
  },
  /** One look at what others wait for; they wait as long as they like. */
  wait: {
    lane: "wait",
    turnMs: 10_000,
    queueMs: 1000,
    attemptMs: 1000,
    workMs: 2000,
    wholeMs: 13_000,
  },
} as const satisfies Record<string, ClassRules>;

export type ClassName = keyof typeof CLASSES;

/** Making a connection, of every class. */
export const CONNECT_MS = 500;
/** Longest wait for the turns of many values asked for at once, which are a list to the gateway. */
export const MANY_TURNS_MS = 5000;
/** A further attempt with less time than this is in vain. */
export const LEAST_WORK_MS = 200;

/** Objects that are being sent. */
export const MAX_STREAMS = 200;
/** How long S3 may send nothing of an object while the reader has taken all that it sent. */
export const STREAM_IDLE_MS = 30_000;
/** An object of which nothing has moved for so long gives its place to one that is asked for. */
export const STREAM_STILL_MS = 5000;

/** Of the bytes that the cache may take: values and trees, and lists as they are sent. */
export const CACHE_SHARES = { values: 0.75, lists: 0.25 } as const;

/** What one call of a class is sent with. */
export const sendOptions = ({ attemptMs }: ClassRules, abortSignal: AbortSignal) => ({
  abortSignal,
  requestTimeout: attemptMs,
});
