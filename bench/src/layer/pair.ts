/** A gateway before an aux, as processes of their own, with the form of authentication between them that is measured. */
import { openSync } from "node:fs";
import { join } from "node:path";
import { LOCAL_AWS } from "../../../packages/local-aws/src/known-identities.ts";
import type { LocalIssuer } from "../../../packages/local-issuer/src/local-issuer.ts";
import { type Child, startChild } from "../child.ts";
import { freePort } from "../proxies/free-port.ts";
import { untilOk } from "./until-ok.ts";

const SUBJECT = "system:serviceaccount:gateway:gateway";

export const FORMS = ["none", "service-account", "sigv4"] as const;
export type Form = (typeof FORMS)[number];

export interface Pair {
  readonly form: Form;
  readonly url: string;
  readonly gateway: Child;
  readonly aux: Child;
  stop(): Promise<void>;
}

export interface Surroundings {
  readonly root: string;
  readonly directory: string;
  readonly awsUrl: string;
  readonly issuer: LocalIssuer;
  /** Where a session to sign with comes from. */
  readonly agentUrl: string;
}

/** Between the two stands the same process for each form, so that they differ in the proof alone. */
export async function startPair(form: Form, around: Surroundings): Promise<Pair> {
  const { root, directory, awsUrl } = around;
  const [auxPort, stagePort, gatewayPort] = [await freePort(), await freePort(), await freePort()];
  const run = (name: string, file: string, args: string[], env: Record<string, string>): Child =>
    startChild({
      name: `${name} (${form})`,
      command: process.execPath,
      args: ["--conditions=airlock-source", join(root, file), ...args],
      env,
      core: undefined,
      stdout: openSync(join(directory, `${name}-${form}.log`), "a"),
    });
  const serve = async (service: "aux" | "gateway", port: number, env: Record<string, string>) => {
    const child = run(service, `services/${service}/src/main.ts`, [], {
      ENVIRONMENT: "dev",
      HOST: "127.0.0.1",
      PORT: String(port),
      METRICS_PORT: String(await freePort()),
      DRAIN_DELAY_SECONDS: "0",
      ...env,
    });
    await untilOk(`http://127.0.0.1:${port}/readyz`);
    return child;
  };
  const proofs = await proofsOf(form, around, `http://127.0.0.1:${stagePort}`);
  const aux = await serve("aux", auxPort, {
    AWS_ENDPOINT_URL: awsUrl,
    AWS_ACCESS_KEY_ID: LOCAL_AWS.baseAccessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_AWS.baseSecretAccessKey,
    AWS_ROLE_ARN: LOCAL_AWS.roleArn,
    ...proofs.ofAux,
  });
  const target = `http://127.0.0.1:${auxPort}`;
  const stage = run("stage", "bench/src/layer/stage.ts", [String(stagePort), target], {});
  await untilOk(`http://127.0.0.1:${stagePort}/livez`);
  const gateway = await serve("gateway", gatewayPort, proofs.ofGateway);
  const children = [gateway, stage, aux];
  return {
    ...{ form, gateway, aux },
    url: `http://127.0.0.1:${gatewayPort}`,
    stop: async () => void (await Promise.all(children.map((child) => child.stop()))),
  };
}

interface Proofs {
  readonly ofGateway: Record<string, string>;
  readonly ofAux: Record<string, string>;
}

/** With sigv4 it is the API that checks, on AWS's machines. */
async function proofsOf(form: Form, around: Surroundings, stageUrl: string): Promise<Proofs> {
  const { issuer, directory, agentUrl } = around;
  if (form === "none") return { ofGateway: { AUX_SERVICE_URL: stageUrl }, ofAux: {} };
  if (form === "sigv4") {
    const ofGateway = {
      LAYER_AUTH: form,
      EXECUTION_API_URL: `${stageUrl}/prod`,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: agentUrl,
    };
    return { ofGateway, ofAux: {} };
  }
  const LAYER_TOKEN_FILE = join(directory, "layer-token");
  await issuer.keepTokenFile(
    LAYER_TOKEN_FILE,
    { sub: SUBJECT, aud: ["aux"] },
    { ttlSeconds: 3600 },
  );
  return {
    ofGateway: { AUX_SERVICE_URL: stageUrl, LAYER_AUTH: form, LAYER_TOKEN_FILE },
    ofAux: {
      LAYER_AUTH_MODE: "enforce",
      LAYER_AUTH_ISSUER: issuer.issuer,
      LAYER_AUTH_JWKS_TOKEN_FILE: issuer.readerTokenFile,
      LAYER_AUTH_AUDIENCE: "aux",
      LAYER_AUTH_SUBJECTS: SUBJECT,
    },
  };
}
