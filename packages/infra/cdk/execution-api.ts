/** The execution API: a greedy path behind IAM authorisation, which only the gateway's role gets through. */
import { Duration } from "aws-cdk-lib";
import {
  AuthorizationType,
  EndpointType,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  ResponseTransferMode,
  RestApi,
} from "aws-cdk-lib/aws-apigateway";
import { InterfaceVpcEndpoint } from "aws-cdk-lib/aws-ec2";
import { PolicyDocument } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import type { Context } from "../src/context.ts";
import { executionApiOf } from "../src/iam-files.ts";
import { METHODS } from "../src/methods.ts";
import { executionApiPolicy } from "../src/policies/execution-api.ts";
import type { AccessLog } from "./access-log.ts";
import { namesFor } from "./names.ts";

/** Longer than the longest wait; what is buffered has 29 s. */
const STREAM_SECONDS = 120;

export class ExecutionApi extends Construct {
  readonly api: RestApi;

  constructor(scope: Construct, context: Context, aux: IFunction, log: AccessLog) {
    super(scope, "ExecutionApi");
    const { vpcEndpoint, stage, requestsPerSecond, burst } = context;
    const endpoint =
      vpcEndpoint &&
      InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(this, "Endpoint", {
        vpcEndpointId: vpcEndpoint,
        port: 443,
      });
    this.api = new RestApi(this, "Api", {
      restApiName: namesFor(context).execution,
      description: "What aux serves, for the gateway's role alone",
      endpointConfiguration: endpoint
        ? { types: [EndpointType.PRIVATE], vpcEndpoints: [endpoint] }
        : { types: [EndpointType.REGIONAL] },
      // the API has no id yet where its own policy is written; that policy is about no other one
      policy: PolicyDocument.fromJson(executionApiPolicy(executionApiOf(context, "*"))),
      // what is not text arrives as it was, in both directions
      binaryMediaTypes: ["*/*"],
      // a role of the account, not of one API: docs/rollout.md asks for it first
      cloudWatchRole: false,
      deployOptions: {
        stageName: stage,
        throttlingRateLimit: requestsPerSecond,
        throttlingBurstLimit: burst,
        cachingEnabled: false,
        metricsEnabled: true,
        loggingLevel: MethodLoggingLevel.ERROR,
        // the full bodies and headers of requests: never
        dataTraceEnabled: false,
        accessLogDestination: new LogGroupLogDestination(log.group),
        accessLogFormat: log.format,
      },
    });
    // an output of its own, beside ours
    this.api.node.tryRemoveChild("Endpoint");
    const proxy = this.api.root.addResource("{proxy+}");
    for (const method of new Set(METHODS.map((one) => one.split("/", 1)[0] ?? "")))
      proxy.addMethod(method, integrationFor(method, aux), {
        authorizationType: AuthorizationType.IAM,
      });
  }
}

/** Reads are streamed, so that neither 10 MB nor 29 s end them; what is posted has a small answer. */
function integrationFor(method: string, aux: IFunction): LambdaIntegration {
  const isRead = method === "GET" || method === "HEAD";
  return new LambdaIntegration(aux, {
    allowTestInvoke: false,
    ...(isRead && {
      responseTransferMode: ResponseTransferMode.STREAM,
      timeout: Duration.seconds(STREAM_SECONDS),
    }),
  });
}
