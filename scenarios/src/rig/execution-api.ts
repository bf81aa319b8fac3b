/** aux as a Lambda behind the stand-in's execution API, and what a gateway needs to call it there. */
import { LOCAL_AWS } from "@airlock/local-aws";
import type { Stage } from "../scenario.ts";
import { fileAt, ServiceProcess } from "./service-process.ts";
import { until } from "./waiting.ts";

/** More than a stage asks for at once. */
const PLACES = "64";

/** @param localAws the process of the stand-in. @returns the function's process, which the stage ends. */
export async function startLambda(stage: Stage, localAws: ServiceProcess): Promise<ServiceProcess> {
  const lambda = new ServiceProcess("lambda", 0, 0, {
    AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${localAws.port}`,
    LAMBDA_TASK_ROOT: fileAt("services/aux/src"),
    _HANDLER: "lambda.handler",
    LAMBDA_PLACES: PLACES,
    SERVICE_NAME: "aux",
    ENVIRONMENT: "dev",
    AWS_REGION: LOCAL_AWS.region,
    AWS_ENDPOINT_URL: localAws.url,
    AWS_ACCESS_KEY_ID: LOCAL_AWS.baseAccessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_AWS.baseSecretAccessKey,
    AWS_ROLE_ARN: LOCAL_AWS.roleArn,
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    LAYER_AUTH_MODE: "enforce",
    LAYER_AUTH_ACCEPTS: "execution-api",
    LAYER_AUTH_ROLES: LOCAL_AWS.gatewayRoleArn,
  });
  stage.defer(() => lambda.end());
  await until("the function polls", async () => {
    if (lambda.hasExited) throw new Error(`lambda did not start: ${lambda.log.noise.join("\n")}`);
    return localAws.answers("/_control/lambda");
  });
  return lambda;
}

/** Settings of a gateway that signs for it, with a session by EKS Pod Identity. */
export const signingEnv = (localAws: ServiceProcess): Record<string, string> => ({
  LAYER_AUTH: "sigv4",
  EXECUTION_API_URL: `${localAws.url}/execute-api/prod`,
  EXECUTION_API_REGION: LOCAL_AWS.region,
  AWS_CONTAINER_CREDENTIALS_FULL_URI: `${localAws.url}/v1/credentials`,
  AWS_CONTAINER_AUTHORIZATION_TOKEN: "a.b.c",
});
