/** A gateway before an aux, as processes of their own, with or without authentication between them. */
import { openSync } from "node:fs";
import { join } from "node:path";
import { LOCAL_AWS } from "../../../packages/local-aws/src/known-identities.ts";
import type { LocalIssuer } from "../../../packages/local-issuer/src/local-issuer.ts";
import { type Child, startChild } from "../child.ts";
import { freePort } from "../proxies/free-port.ts";
import { untilOk } from "./until-ok.ts";

const SUBJECT = "system:serviceaccount:gateway:gateway";

export interface Pair {
  readonly name: string;
  readonly url: string;
  readonly children: readonly Child[];
}

export interface PairOptions {
  readonly name: string;
  readonly root: string;
  readonly directory: string;
  readonly awsUrl: string;
  /** Undefined leaves the layers open. */
  readonly issuer: LocalIssuer | undefined;
}

export async function startPair(options: PairOptions): Promise<Pair> {
  const { name, root, directory, awsUrl, issuer } = options;
  const [auxPort, gatewayPort] = [await freePort(), await freePort()];
  const tokenFile = join(directory, "layer-token");
  await issuer?.keepTokenFile(tokenFile, { sub: SUBJECT, aud: ["aux"] }, { ttlSeconds: 3600 });
  const start = async (service: "aux" | "gateway", port: number, env: Record<string, string>) => {
    const child = startChild({
      name: `${service} (${name})`,
      command: process.execPath,
      args: ["--conditions=airlock-source", join(root, `services/${service}/src/main.ts`)],
      env: {
        ENVIRONMENT: "dev",
        HOST: "127.0.0.1",
        PORT: String(port),
        METRICS_PORT: String(await freePort()),
        DRAIN_DELAY_SECONDS: "0",
        ...env,
      },
      core: undefined,
      stdout: openSync(join(directory, `${service}-${name}.log`), "a"),
    });
    await untilOk(`http://127.0.0.1:${port}/readyz`);
    return child;
  };
  const aux = await start("aux", auxPort, {
    AWS_ENDPOINT_URL: awsUrl,
    AWS_ACCESS_KEY_ID: LOCAL_AWS.baseAccessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_AWS.baseSecretAccessKey,
    AWS_ROLE_ARN: LOCAL_AWS.roleArn,
    ...(issuer && {
      LAYER_AUTH_MODE: "enforce",
      LAYER_AUTH_ISSUER: issuer.issuer,
      LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
      LAYER_AUTH_AUDIENCE: "aux",
      LAYER_AUTH_SUBJECTS: SUBJECT,
    }),
  });
  const gateway = await start("gateway", gatewayPort, {
    AUX_SERVICE_URL: `http://127.0.0.1:${auxPort}`,
    ...(issuer && { LAYER_AUTH: "service-account", LAYER_TOKEN_FILE: tokenFile }),
  });
  return { name, url: `http://127.0.0.1:${gatewayPort}`, children: [gateway, aux] };
}
