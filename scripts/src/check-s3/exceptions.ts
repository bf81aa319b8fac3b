/** The acceptance tests that a server cannot pass, each with the server's reason. */
import type { Exceptions } from "./run-tests.ts";

const ONE_CLASS = "Swift keeps no storage class of an object: STANDARD is the only one";

export const OF_SWIFT: Exceptions = {
  "a storage class that is not the usual one comes with the object": ONE_CLASS,
  "an archived object is 409, and HEAD says why": ONE_CLASS,
};
