// The signed operations of STS.

import type { Handler } from "../world.ts";
import { assumeRole } from "./assume-role.ts";
import { getCallerIdentity } from "./get-caller-identity.ts";

export const STS_HANDLERS: Readonly<Record<string, Handler>> = {
  AssumeRole: assumeRole,
  GetCallerIdentity: getCallerIdentity,
};
