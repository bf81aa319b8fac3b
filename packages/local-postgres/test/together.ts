/** The quick tests of this folder, in one process. */
import { together } from "../../../scripts/src/together.ts";

await together(import.meta.dirname);
