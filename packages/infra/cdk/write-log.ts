/** What the Lambda needs to write its one log. */
import type { Context } from "../src/context.ts";
import { type PolicyDocument, policy } from "../src/policy-document.ts";

/** The log group is made by the stack, so the Lambda may make none. */
export const mayWriteLog = ({ account, region }: Context, logGroup: string): PolicyDocument =>
  policy({
    Effect: "Allow",
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: `arn:aws:logs:${region}:${account}:log-group:${logGroup}:*`,
  });
