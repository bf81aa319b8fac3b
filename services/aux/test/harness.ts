/** aux on a port of its own, in front of a stand-in for AWS. */
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { createAws } from "@airlock/aws";
import { type Environment, loadSettings } from "@airlock/config";
import { type AnswerRoom, createLogger, createMetrics } from "@airlock/http";
import { createLayerGuard, createLayerVerifier } from "@airlock/identity";
import { LOCAL_AWS, type LocalAws, startLocalAws } from "@airlock/local-aws";
import { buildApp } from "../src/app.ts";
import { createAudit } from "../src/policy/audit.ts";
import { parsePolicy } from "../src/policy/parse-policy.ts";
import { OPEN_READS } from "../src/policy/policy.ts";
import { settingsSchema } from "../src/settings.ts";

export interface AuxOptions {
  /** Text of a policy; without one everybody may read. */
  readonly policy?: string;
  /** The clock of caches and budgets, in milliseconds. */
  readonly now?: () => number;
  readonly answerRoom?: AnswerRoom;
}

export interface AuxRig {
  readonly url: string;
  readonly local: LocalAws;
  /** Parsed log lines so far. */
  readonly lines: Record<string, unknown>[];
}

export async function startAux(
  t: TestContext,
  env: Environment = {},
  prepare: (local: LocalAws) => void = () => {},
  { policy, now, answerRoom }: AuxOptions = {},
): Promise<AuxRig> {
  const local = await startLocalAws();
  prepare(local);
  const settings = loadSettings(settingsSchema, {
    ENVIRONMENT: "dev",
    AWS_ENDPOINT_URL: local.url,
    AWS_ACCESS_KEY_ID: LOCAL_AWS.baseAccessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_AWS.baseSecretAccessKey,
    AWS_ROLE_ARN: LOCAL_AWS.roleArn,
    ...env,
  });
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger(settings, { write: (line) => void lines.push(JSON.parse(line)) });
  const aws = createAws(settings, logger, () => {}, { ...(now && { now }) });
  const verifier = createLayerVerifier(settings, { log: logger });
  const mode = settings.LAYER_AUTH_MODE;
  const layer = verifier && createLayerGuard({ mode, verifier, log: logger });
  const metrics = createMetrics(settings);
  const rules = policy === undefined ? OPEN_READS : parsePolicy(policy);
  const app = await buildApp(settings, {
    aws,
    layer,
    policy: () => rules,
    audit: createAudit(logger),
    logger,
    metrics,
    ...(answerRoom && { answerRoom }),
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  t.after(async () => {
    app.server.closeAllConnections();
    await app.close();
    verifier?.close();
    aws.close();
    await local.close();
  });
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  if (local.faults.list().length === 0) await untilReady(url);
  return { url, local, lines };
}

async function untilReady(url: string): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    const { status } = await fetch(`${url}/readyz`);
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("aux is not ready within 10 s");
}
