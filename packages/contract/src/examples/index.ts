/** An example of every body, by the id of its schema. */
import { ABOUT_EXAMPLES } from "./about.ts";
import { ADMIN_EXAMPLES } from "./admin.ts";
import { DISKS_EXAMPLES } from "./disks.ts";
import { JOBS_EXAMPLES } from "./jobs.ts";
import { LOGINS_EXAMPLES } from "./logins.ts";
import { VALUES_AND_OBJECTS_EXAMPLES } from "./values-and-objects.ts";

export const EXAMPLES: Readonly<Record<string, object>> = {
  ...ABOUT_EXAMPLES,
  ...VALUES_AND_OBJECTS_EXAMPLES,
  ...LOGINS_EXAMPLES,
  ...JOBS_EXAMPLES,
  ...DISKS_EXAMPLES,
  ...ADMIN_EXAMPLES,
};
