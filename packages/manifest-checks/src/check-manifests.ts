/** `check:manifests`: every object of k8s/ against its schema and the checklist; needs no kubectl. */
import { join } from "node:path";
import { checkAll } from "./check-all.ts";

const { faults, notes, objects } = await checkAll(join(import.meta.dirname, "../../../k8s"));
for (const fault of faults) console.log(fault);
for (const note of notes) console.log(`note: ${note}`);
console.log(`check:manifests: ${objects} objects, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
