/** What a job is about, by the words that a processor has written down for its owner. */

/** - waiting: it has no node, and is in no view */
export type ToldCode =
  | "waiting"
  | "image"
  | "unscheduled"
  | "disk_not_ready"
  | "starting"
  | "unreachable"
  | "running"
  | "ending";

export interface Told {
  readonly code: ToldCode;
  readonly remedies: readonly string[];
}

/** A processor's test holds its sentences to these. */
const BEGINNINGS: readonly (readonly [RegExp, Told])[] = [
  [
    /^(The image|The container cannot)/,
    {
      code: "image",
      remedies: [
        "Look at the image's name, and whether the cluster may pull it; cancel the job and ask again.",
      ],
    },
  ],
  [/^Waits for the volume of its disk/, { code: "disk_not_ready", remedies: [] }],
  [
    /^Waits (for its node|until somebody else lets)/,
    { code: "unscheduled", remedies: ["Ask an operator, should this not pass within minutes."] },
  ],
  [
    /^Unreachable/,
    {
      code: "unreachable",
      remedies: ["Wait for its node to answer, or cancel the job and ask again."],
    },
  ],
  [/^Runs\b/, { code: "running", remedies: [] }],
  [/^Ends\b/, { code: "ending", remedies: [] }],
];

/** @param words null: nothing is told yet. */
export function toldOf(status: string, words: string | null): Told {
  const known = BEGINNINGS.find(([pattern]) => words !== null && pattern.test(words))?.[1];
  if (known) return known;
  if (status === "active") return { code: "running", remedies: [] };
  const code = status === "queued" || status === "pending" ? "waiting" : "starting";
  return { code, remedies: [] };
}
