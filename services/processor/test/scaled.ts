/** What a test has time for, of what `soak` runs all of (scenarios/src/rig/generated-cases.ts). */
const isSoak = process.env.GENERATED_CASES === "soak";

export const scaled = <Size>(test: Size, soak: Size): Size => (isSoak ? soak : test);

/** One death in three, from the first to the last, or each. */
export const someOf = (deaths: readonly number[]): readonly number[] =>
  deaths.filter((_, index) => isSoak || index % 3 === 0);
