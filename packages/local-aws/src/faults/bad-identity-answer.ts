// Answers to GetCallerIdentity that STS would not give; each names an allowed person in a place where none may be read.

import { KNOWN_SESSIONS } from "../known-identities.ts";
import type { WireAnswer } from "../wire.ts";
import { xmlDocument } from "../xml.ts";

/** Far more than a reader of this answer has a use for. */
const OVERSIZED_BYTES = 1024 * 1024;

const RESULT = {
  Account: "111122223333",
  Arn: KNOWN_SESSIONS.gpuUser.arn,
  UserId: "AROAEXAMPLEGPUROLE001:alice@example.com",
};

const json = (body: string): WireAnswer => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body,
});

export function badIdentityAnswer(how: "redirect" | "oversized" | "xmlInJson"): WireAnswer {
  const answer = {
    GetCallerIdentityResponse: {
      GetCallerIdentityResult: RESULT,
      ResponseMetadata: { RequestId: "00000000-0000-0000-0000-000000000000" },
    },
  };
  switch (how) {
    case "redirect":
      // back to where the call came in: who follows it is answered well
      return { status: 307, headers: { location: "/" }, body: "" };
    case "oversized":
      return json(JSON.stringify(answer).padEnd(OVERSIZED_BYTES));
    case "xmlInJson": {
      // text of the caller's choice, reflected by another call (CVE-2020-16250)
      const reflected = { GetCallerIdentityResult: RESULT };
      const EncodedMessage = xmlDocument("GetCallerIdentityResponse", reflected);
      return json(JSON.stringify({ Error: { EncodedMessage } }));
    }
  }
}
