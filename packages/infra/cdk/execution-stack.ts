/** The execution API and what stands behind and around it. */
import { CfnOutput, Stack } from "aws-cdk-lib";
import { CfnPolicy } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import type { Context } from "../src/context.ts";
import { executionApiOf } from "../src/iam-files.ts";
import { gatewayPermissions } from "../src/policies/execution-api.ts";
import { accessLog } from "./access-log.ts";
import { acknowledgeWildcards } from "./acknowledged.ts";
import { alarms } from "./alarms.ts";
import { auxLambda } from "./aux-lambda.ts";
import { dashboard } from "./dashboard.ts";
import { ExecutionApi } from "./execution-api.ts";
import { namesFor } from "./names.ts";

export class ExecutionStack extends Stack {
  /** @param bundle the folder that becomes the Lambda. */
  constructor(scope: Construct, context: Context, bundle: string) {
    const { account, region, gatewayRole } = context;
    super(scope, namesFor(context).execution, {
      env: { account, region },
      description: "Airlock: aux behind API Gateway, with IAM authorisation",
    });
    const log = accessLog(this, context);
    const aux = auxLambda(this, context, bundle);
    const { api } = new ExecutionApi(this, context, aux, log);
    const policyDocument = gatewayPermissions(executionApiOf(context, api.restApiId));
    const mayInvoke = new CfnPolicy(this, "GatewayMayInvoke", {
      policyName: "airlock-gateway",
      policyDocument,
      roles: [gatewayRole],
    });
    acknowledgeWildcards(mayInvoke, { policyDocument });
    const watched = { api, aux, log };
    const board = dashboard(this, context, watched, alarms(this, context, watched));
    new CfnOutput(this, "ExecutionApiUrl", {
      value: api.url,
      description: "EXECUTION_API_URL of the gateway",
    });
    new CfnOutput(this, "MonitoringDashboardUrl", {
      value: `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards:name=${board.dashboardName}`,
    });
  }
}
