/** aux as a Lambda behind the stand-in's execution API: all of it in this process, over real connections. */
import type { TestContext } from "node:test";
import { type Environment, loadSettings } from "@airlock/config";
import { createLogger, createMetrics } from "@airlock/http";
import {
  awslambda,
  INVOKE_SESSIONS,
  LOCAL_AWS,
  type LocalAws,
  type LocalAwsOptions,
  serveFunction,
  startLocalAws,
} from "@airlock/local-aws";
import { createSigner } from "../../../packages/identity/src/sigv4/signer.ts";
import {
  type Called,
  type CallOptions,
  callApi,
} from "../../../packages/local-aws/test/execute-api-client.ts";
import { createHandler } from "../src/lambda/handler.ts";
import { createIncoming } from "../src/lambda/incoming.ts";
import { settingsSchema } from "../src/settings.ts";
import { startAux } from "../src/start-aux.ts";

export interface LambdaRig {
  readonly local: LocalAws;
  /** Log lines that have been written out. */
  readonly lines: Record<string, unknown>[];
  readonly call: (path: string, options?: CallOptions) => Promise<Called>;
}

export interface LambdaOptions {
  readonly env?: Environment;
  readonly local?: LocalAwsOptions;
  readonly prepare?: (local: LocalAws) => void;
  /** How many invocations there are at once. */
  readonly places?: number;
}

const nowMs = () => Date.now();
Object.assign(globalThis, { awslambda });

export async function startLambda(
  t: Pick<TestContext, "after">,
  { env = {}, local: localOptions = {}, prepare = () => {}, places = 1 }: LambdaOptions = {},
): Promise<LambdaRig> {
  const local = await startLocalAws(localOptions);
  prepare(local);
  const settings = loadSettings(settingsSchema, {
    ENVIRONMENT: "dev",
    DOCS: "off",
    AWS_ENDPOINT_URL: local.url,
    AWS_ACCESS_KEY_ID: LOCAL_AWS.baseAccessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_AWS.baseSecretAccessKey,
    AWS_ROLE_ARN: LOCAL_AWS.roleArn,
    SSM_CALLS_PER_SECOND: "1000",
    LAYER_AUTH_MODE: "enforce",
    LAYER_AUTH_ACCEPTS: "execution-api",
    LAYER_AUTH_ROLES: LOCAL_AWS.gatewayRoleArn,
    ...env,
  });
  const lines: Record<string, unknown>[] = [];
  // as the log of a process: lines are held back until they are asked for
  let held: string[] = [];
  const log = {
    write: (line: string) => void held.push(line),
    flush(done: () => void) {
      lines.push(...held.map((line) => JSON.parse(line)));
      held = [];
      done();
    },
  };
  const logger = createLogger(settings, log);
  const incoming = createIncoming();
  const aux = await startAux(
    { settings, logger, metrics: createMetrics(settings) },
    { viaOf: incoming.viaOf },
  );
  const mode = settings.RESPONSE_TRANSFER_MODE;
  const session = aux.aws.session;
  const handler = awslambda.streamifyResponse(
    createHandler({ app: aux.app, session, log, incoming, mode }) as never,
  );
  const stop = serveFunction(handler, { host: `127.0.0.1:${local.port}`, places });
  t.after(async () => {
    stop();
    await aux.app.close();
    await aux.close();
    await local.close();
  });
  const call = (path: string, options: CallOptions = {}) => {
    const credentials = () => options.keys ?? INVOKE_SESSIONS.gateway;
    const region = options.region ?? LOCAL_AWS.region;
    // the gateway's own
    const sign = createSigner({ host: new URL(local.url).host, region, credentials, nowMs });
    return callApi(local.url, path, { sign, ...options });
  };
  return { local, lines, call };
}
