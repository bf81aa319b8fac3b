/**
 * `check:manifests`: every object of k8s/ against its schema and the checklist; needs no kubectl. With `--for-release` what is
 * an example still is a fault, otherwise a note.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkAll } from "./check-all.ts";

const { values } = parseArgs({ options: { "for-release": { type: "boolean", default: false } } });
const { faults, notes, objects } = await checkAll(join(import.meta.dirname, "../../../k8s"), {
  isForRelease: values["for-release"],
});
for (const fault of faults) console.log(fault);
for (const note of notes) console.log(`note: ${note}`);
console.log(`check:manifests: ${objects} objects, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
