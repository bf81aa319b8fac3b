/** Who GetCallerIdentity says is calling, read from an ARN by a grammar with both ends nailed down. */
import * as z from "zod";
import type { Partition } from "./sts-regions.ts";

export interface AwsIdentity {
  readonly arn: string;
  readonly partition: Partition;
  /** 12 digits. */
  readonly account: string;
  /** The role's name without its path, in its own case. */
  readonly role: string;
  /** With account and role the key of a user; chosen by whoever assumed the role. */
  readonly sessionName: string;
}

const text = z.string().max(2048);

/** The whole answer; anything beside it is an answer to something else (CVE-2020-16250). */
export const CallerIdentityAnswer = z.strictObject({
  GetCallerIdentityResponse: z.strictObject({
    GetCallerIdentityResult: z.strictObject({ Account: text, Arn: text, UserId: text }),
    ResponseMetadata: z.strictObject({ RequestId: text }),
  }),
});
export type CallerIdentityResult = z.infer<
  typeof CallerIdentityAnswer
>["GetCallerIdentityResponse"]["GetCallerIdentityResult"];

/** IAM's grammar of role and session names; neither can hold a slash. */
const SESSION_ARN =
  /^arn:(aws|aws-cn|aws-us-gov):sts::(\d{12}):assumed-role\/([\w+=,.@-]{1,64})\/([\w+=,.@-]{2,64})$/;

/**
 * The role session an answer names; undefined for users, federated users, roots, and where its
 * three parts do not tell the same story.
 */
export function readCallerIdentity(result: CallerIdentityResult): AwsIdentity | undefined {
  const [, partition, account, role, sessionName] = SESSION_ARN.exec(result.Arn) ?? [];
  if (!partition || !account || !role || !sessionName) return undefined;
  if (result.Account !== account) return undefined;
  const [roleId, session, ...more] = result.UserId.split(":");
  if (!roleId?.startsWith("AROA") || session !== sessionName || more.length > 0) return undefined;
  return { arn: result.Arn, partition: partition as Partition, account, role, sessionName };
}

/**
 * The name to show for a session: letters, digits, `.`, `_` and `-` stay, all else becomes `-`, 255
 * characters at most. Two people can have the same one (`a@b` and `a-b`): not a key.
 *
 * @param arn of a role session, as in {@link AwsIdentity}.
 */
export function usernameOf(arn: string): string {
  return arn
    .slice(arn.lastIndexOf("/") + 1)
    .replace(/[^A-Za-z0-9._-]/g, "-")
    .slice(0, 255);
}
