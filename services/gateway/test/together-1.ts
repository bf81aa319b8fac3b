/** The quick tests of this folder, in two processes: part 1. */
import { together } from "../../../scripts/src/together.ts";

await together(import.meta.dirname, [1, 2]);
