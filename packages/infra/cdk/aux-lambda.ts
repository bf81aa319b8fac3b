/** aux as a Lambda: the bundle of its second entry, the settings of an enforcing inner door, and its log. */
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { Role } from "aws-cdk-lib/aws-iam";
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { Context } from "../src/context.ts";
import { roleArn } from "../src/policies/permissions.ts";
import { namesFor } from "./names.ts";

/** @param bundle the folder of the entry's bundle and of the access policy. */
export function auxLambda(scope: Construct, context: Context, bundle: string): LambdaFunction {
  const { lambda, lambdaLog } = namesFor(context);
  const { account, auxRole, gatewayRole, lambdaRole, environment, reservedConcurrency } = context;
  const logGroup = new LogGroup(scope, "LambdaLog", {
    logGroupName: lambdaLog,
    retention: RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  return new LambdaFunction(scope, "Aux", {
    functionName: lambda,
    description: "Airlock's aux behind the execution API",
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: "lambda.handler",
    code: Code.fromAsset(bundle),
    // the role of the foundation, which is there first
    role: Role.fromRoleArn(scope, "LambdaRole", roleArn(account, lambdaRole), { mutable: false }),
    memorySize: 1024,
    // that of the API's longest answers; each class of routes has its own, shorter time in aux
    timeout: Duration.seconds(120),
    reservedConcurrentExecutions: reservedConcurrency,
    logGroup,
    loggingFormat: LoggingFormat.TEXT,
    environment: {
      ACCESS_POLICY_FILE: "/var/task/access-policy.yaml",
      AWS_ROLE_ARN: roleArn(account, auxRole),
      DOCS: "off",
      ENVIRONMENT: environment,
      LAYER_AUTH_ACCEPTS: "execution-api",
      LAYER_AUTH_MODE: "enforce",
      LAYER_AUTH_ROLES: roleArn(account, gatewayRole),
      RESERVED_CONCURRENCY: String(reservedConcurrency),
    },
  });
}
