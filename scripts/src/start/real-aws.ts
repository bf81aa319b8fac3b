/** Says whose AWS credentials a run is about to use. */
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

export interface RealAws {
  readonly account: string | undefined;
  /** For people to read. */
  readonly text: string;
}

/** @throws Error when the shell has no usable credentials. */
export async function describeRealAws(shell: NodeJS.ProcessEnv): Promise<RealAws> {
  const region = shell.AWS_REGION || shell.AWS_DEFAULT_REGION || "eu-west-1";
  const sts = new STSClient({ region, maxAttempts: 1 });
  try {
    const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({}), {
      abortSignal: AbortSignal.timeout(5000),
    });
    const role =
      shell.ASSUME_ROLE_ARN || shell.AWS_ROLE_ARN || "none, these credentials as they are";
    const lines = [
      "Real AWS, through aux alone:",
      `  account  ${Account}`,
      `  caller   ${Arn}`,
      `  role     ${role}`,
      `  region   ${region}`,
    ];
    return { account: Account, text: lines.join("\n") };
  } catch (error) {
    throw new Error(
      `No usable AWS credentials in this shell (${(error as Error).name}); try: aws sts get-caller-identity`,
    );
  } finally {
    sts.destroy();
  }
}
