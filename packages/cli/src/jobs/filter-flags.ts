/** Which jobs a list is of, by flags that a user's and an operator's have in common. */
import type { Flags } from "../command.ts";

export const FILTER_FLAGS = {
  status: {
    wire: "status",
    value: "STATES",
    short: "s",
    about: "only these, by comma; all for all of them",
  },
  type: {
    wire: "gpu_type",
    value: "TYPE",
    short: "t",
    about: "only jobs with these GPUs",
    names: "gpu type",
  },
} as const satisfies Flags;
