// GetCallerIdentity: who signed the call. The one operation that needs no permission.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

import type { WireAnswer } from "../wire.ts";
import type { Call } from "../world.ts";
import { stsAnswer, wantsJson } from "./sts-input.ts";

/** In XML, or in JSON for who accepts it, as AWS answers it though its reference does not say so. */
export function getCallerIdentity(call: Call): WireAnswer {
  const { account: Account, arn: Arn, userId: UserId } = call.principal;
  const result = { Account, Arn, UserId };
  if (!wantsJson(call.request)) return stsAnswer("GetCallerIdentity", result, call.requestId);
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      GetCallerIdentityResponse: {
        GetCallerIdentityResult: result,
        ResponseMetadata: { RequestId: call.requestId },
      },
    }),
  };
}
