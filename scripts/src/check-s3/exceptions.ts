/** The acceptance tests that a server cannot pass, each with the server's reason. */
import type { Exceptions } from "./run-tests.ts";

const CLASS = "a storage class that is not the usual one comes with the object";
const ARCHIVE = "an archived object is 409, and HEAD says why";

const ONE_CLASS = "Swift keeps no storage class of an object: STANDARD is the only one";
export const OF_SWIFT: Exceptions = { [CLASS]: ONE_CLASS, [ARCHIVE]: ONE_CLASS };

const OWN_CLASSES =
  "Ceph has STANDARD and the classes that its owner makes, and none is an archive";
export const OF_CEPH: Exceptions = { [CLASS]: OWN_CLASSES, [ARCHIVE]: OWN_CLASSES };
