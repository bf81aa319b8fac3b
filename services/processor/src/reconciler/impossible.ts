/** What stands in the way of a job for good, in a sentence for its owner. */
export class Impossible extends Error {}
