/** The API's access log, and the metrics that are counted from it. No header and no body stands in it. */
import { RemovalPolicy } from "aws-cdk-lib";
import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import type { Metric } from "aws-cdk-lib/aws-cloudwatch";
import { FilterPattern, LogGroup, MetricFilter, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import type { Context } from "../src/context.ts";
import { namesFor } from "./names.ts";

/**
 * `-` stands for what there is not: `errorType` is there when the API itself answered. API Gateway's own message is left
 * out, for some of them repeat the session token.
 */
const FIELDS = {
  requestId: "$context.requestId",
  requestTime: "$context.requestTime",
  principal: "$context.identity.userArn",
  sourceIp: "$context.identity.sourceIp",
  method: "$context.httpMethod",
  path: "$context.path",
  status: "$context.status",
  errorType: "$context.error.responseType",
  authenticateStatus: "$context.authenticate.status",
  authorizeStatus: "$context.authorize.status",
  integrationStatus: "$context.integration.status",
  integrationLatencyMs: "$context.integration.latency",
  latencyMs: "$context.responseLatency",
  responseBytes: "$context.responseLength",
} as const;

/** What is counted, and which lines of the log are it. Each line is one of these at most. */
const COUNTED = {
  /** A right signature of somebody who may not. */
  WrongPrincipal: '{ $.errorType = "ACCESS_DENIED" }',
  /** No signature, a wrong or an ended one; also a path or method that there is not. */
  BadProof:
    '{ ($.status = "401" || $.status = "403") && $.errorType != "-" && $.errorType != "ACCESS_DENIED" && $.errorType != "WAF_FILTERED" }',
  /** What aux answered to a request that was let in. */
  ClientError: '{ $.status = "4*" && $.errorType = "-" }',
  Throttled: '{ $.status = "429" && $.errorType != "-" }',
  /** Of the API and of aux. */
  Failed: '{ $.status = "5*" }',
} as const;

export type Counted = keyof typeof COUNTED;

export interface AccessLog {
  readonly group: LogGroup;
  readonly format: AccessLogFormat;
  readonly metrics: Readonly<Record<Counted, Metric>>;
}

export function accessLog(scope: Construct, context: Context): AccessLog {
  const { accessLog: logGroupName, namespace } = namesFor(context);
  const group = new LogGroup(scope, "AccessLog", {
    logGroupName,
    retention: RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const metricOf = (name: Counted) =>
    new MetricFilter(scope, `${name}Filter`, {
      logGroup: group,
      filterPattern: FilterPattern.literal(COUNTED[name]),
      metricNamespace: namespace,
      metricName: name,
      metricValue: "1",
      defaultValue: 0,
    }).metric({ statistic: "Sum" });
  return {
    group,
    format: AccessLogFormat.custom(JSON.stringify(FIELDS)),
    metrics: {
      WrongPrincipal: metricOf("WrongPrincipal"),
      BadProof: metricOf("BadProof"),
      ClientError: metricOf("ClientError"),
      Throttled: metricOf("Throttled"),
      Failed: metricOf("Failed"),
    },
  };
}
