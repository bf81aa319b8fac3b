// The signed operations of STS.

import { LOCAL_AWS } from "../known-identities.ts";
import type { Call, Handler } from "../world.ts";
import { assumeRole } from "./assume-role.ts";
import { stsAnswer } from "./sts-input.ts";

const getCallerIdentity: Handler = (call: Call) =>
  stsAnswer(
    "GetCallerIdentity",
    {
      Arn: call.principal.arn,
      UserId: call.principal.userId,
      Account: LOCAL_AWS.accountId,
    },
    call.requestId,
  );

export const STS_HANDLERS: Readonly<Record<string, Handler>> = {
  AssumeRole: assumeRole,
  GetCallerIdentity: getCallerIdentity,
};
