/** The SDK clients, all on one session and none without a time limit. */
import { S3Client } from "@aws-sdk/client-s3";
import { SSMClient } from "@aws-sdk/client-ssm";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { CLASSES, CONNECT_MS } from "./classes.ts";
import { agentOptions, type EgressSettings } from "./egress.ts";
import { onAwsClock } from "./on-aws-clock.ts";
import { RetryStrategy } from "./retry-strategy.ts";
import type { Session } from "./session.ts";
import type { AwsSettings } from "./settings.ts";

export interface AwsClients {
  /** In the region of the settings. */
  readonly s3: S3Client;
  /** In this region, with all else the same: a custom endpoint stays, and the region is signed. */
  s3In(region: string): S3Client;
  readonly ssm: SSMClient;
  close(): void;
}

/** @param ssmRetries how calls to SSM are tried again, which is a matter of its budget. */
export function createClients(
  settings: AwsSettings,
  session: Session,
  ssmRetries = new RetryStrategy(),
): AwsClients {
  const common = {
    region: settings.AWS_REGION,
    // `memoized` keeps the SDK from caching on top: its cache refreshes on the request path and
    // fails requests five minutes before the session expires
    credentials: Object.assign(async () => session.credentials(), { memoized: true }),
    retryStrategy: new RetryStrategy(),
    cacheMiddleware: true,
  };
  const s3Endpoint = endpointOf(settings, settings.AWS_ENDPOINT_URL_S3);
  const s3Options = clientOptions(settings);
  const newS3 = (region: string) =>
    new S3Client({
      ...common,
      ...s3Options,
      ...s3Endpoint,
      region,
      forcePathStyle: s3Endpoint.endpoint !== undefined,
      // a checksum over a stream would be known at its end only; a presigned PUT has no body to sum up
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
    });
  const s3ByRegion = new Map<string, S3Client>();
  const s3In = (region: string) => {
    const client = s3ByRegion.get(region) ?? onAwsClock(newS3(region), session.clock);
    s3ByRegion.set(region, client);
    return client;
  };
  const ssmClient = new SSMClient({
    ...common,
    ...clientOptions(settings),
    ...endpointOf(settings, settings.AWS_ENDPOINT_URL_SSM),
    retryStrategy: ssmRetries,
  });
  const ssm = onAwsClock(ssmClient, session.clock);
  return {
    s3: s3In(settings.AWS_REGION),
    s3In,
    ssm,
    close() {
      for (const s3 of s3ByRegion.values()) s3.destroy();
      ssm.destroy();
    },
  };
}

/** How every client calls: within which time, unless the call says otherwise, and which way out. */
export function clientOptions(settings: EgressSettings) {
  // bounded by the queue in front, and for bodies still being sent by OpenStreams
  const agent = { ...agentOptions(settings), maxSockets: Number.POSITIVE_INFINITY };
  return {
    useFipsEndpoint: settings.AWS_USE_FIPS_ENDPOINT ?? false,
    useDualstackEndpoint: settings.AWS_USE_DUALSTACK_ENDPOINT ?? false,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECT_MS,
      requestTimeout: CLASSES.value.attemptMs,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    }),
  };
}

export function endpointOf(settings: AwsSettings, own: string | undefined): { endpoint?: string } {
  const endpoint = own ?? settings.AWS_ENDPOINT_URL;
  return endpoint === undefined ? {} : { endpoint };
}
