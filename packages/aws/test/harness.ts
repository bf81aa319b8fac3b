/** AWS access against the stand-in, for tests: settings by a few words, everything closed after. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Aws,
  type AwsOptions,
  awsSettings,
  createAws,
  type ParameterStore,
  type Read,
  withAwsRules,
} from "@airlock/aws";
import { type Environment, loadSettings } from "@airlock/config";
import { type Parameter, ProblemError } from "@airlock/contract";
import { LOCAL_AWS, type LocalAws, startLocalAws } from "@airlock/local-aws";
import * as z from "zod";

const schema = withAwsRules(
  z.object({
    SERVICE_NAME: z.string().default("aux"),
    AWS_REGION: z.string().default(LOCAL_AWS.region),
    ...awsSettings,
  }),
);

export const readSettings = (env: Environment) => loadSettings(schema, env);

type Options<M extends keyof ParameterStore> = Parameters<ParameterStore[M]>[1];

/** The store as tests call it, with names as they are written: canonical ones. */
interface TextParameters extends Pick<ParameterStore, "list" | "close"> {
  checkNames(names: readonly string[]): Promise<void>;
  get(name: string, options?: Options<"get">): ReturnType<ParameterStore["get"]>;
  getMany(
    names: readonly string[],
    options?: Options<"getMany">,
  ): Promise<ReadonlyMap<string, Read<Parameter> | ProblemError>>;
  tree(path: string, options: Options<"tree">): ReturnType<ParameterStore["tree"]>;
  waitForChange(
    name: string,
    ...rest: [
      seen: Options<"waitForChange">,
      options: Parameters<ParameterStore["waitForChange"]>[2],
    ]
  ): ReturnType<ParameterStore["waitForChange"]>;
}

export interface Rig {
  readonly local: LocalAws;
  readonly aws: Omit<Aws, "parameters"> & { readonly parameters: TextParameters };
  readonly logged: string[];
  readonly outcomes: string[];
}

export const PLAIN_FORM: Environment = {
  AWS_ACCESS_KEY_ID: LOCAL_AWS.baseAccessKeyId,
  AWS_SECRET_ACCESS_KEY: LOCAL_AWS.baseSecretAccessKey,
  AWS_ROLE_ARN: LOCAL_AWS.roleArn,
};

/** AWS's clock, whatever a test does to that of this machine. */
const trueNow = Date.now;

/** Starts a stand-in and AWS access to it. `prepare` switches faults on before the first call. */
export async function startRig(
  t: TestContext,
  env: Environment = PLAIN_FORM,
  prepare: (local: LocalAws) => void = () => {},
  options: AwsOptions = {},
): Promise<Rig> {
  const local = await startLocalAws({ now: trueNow });
  prepare(local);
  const logged: string[] = [];
  const outcomes: string[] = [];
  const write = (fields: object, message: string) =>
    logged.push(`${message} ${JSON.stringify(fields)}`);
  const aws = createAws(
    readSettings({ AWS_ENDPOINT_URL: local.url, ...env }),
    { info: write, error: write },
    (operation, outcome) => outcomes.push(`${operation} ${outcome}`),
    options,
  );
  t.after(async () => {
    aws.close();
    await local.close();
  });
  return { local, aws, logged, outcomes };
}

/** Waits for a condition, looking every few milliseconds. */
export async function until(condition: () => boolean, limitMs = 10_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${condition}`);
    await sleep(5);
  }
}

/** A rig whose session is there. */
export async function startReadyRig(t: TestContext, env?: Environment): Promise<Rig> {
  const rig = await startRig(t, env);
  await until(() => rig.aws.session.isValid());
  return rig;
}

/** A file with a web identity token, as the kubelet projects it. */
export async function tokenFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-token-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "token");
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  await writeFile(file, `${part({ alg: "RS256" })}.${part({ sub: "pod" })}.c2lnbmF0dXJl\n`);
  return file;
}

/** What the work is refused with. */
export async function problemOf(work: Promise<unknown>): Promise<ProblemError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof ProblemError, String(error));
    return error;
  }
  assert.fail("expected a problem");
}
