/** Runs a command in this process, on a home of its own, with a service that a test plays or a real one. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { TestContext } from "node:test";
import { createTransport, type Exchange, type Transport } from "../src/api/transport.ts";
import type { AwsKeyFinder } from "../src/auth/aws-keys.ts";
import type { Clock } from "../src/clock.ts";
import { COMMANDS } from "../src/commands/table.ts";
import { createContext } from "../src/create-context.ts";
import type { Environment } from "../src/environment.ts";
import { createOutput } from "../src/output/output.ts";
import { run } from "../src/run.ts";

export const URL_OF_API = "http://localhost:9999";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Of --json. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into documents of every shape
  readonly json: any;
}

/** What a played service answers: a body, or a status with one. */
export type Played = (exchange: Exchange) => { readonly status?: number; readonly body?: unknown };

export interface Setting {
  readonly home: string;
  /** As this machine's list of users has it. */
  readonly listedHome?: string;
  readonly env?: Environment;
  readonly api?: Played;
  readonly transport?: Transport;
  readonly findAwsKeys?: AwsKeyFinder;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly columns?: number;
  readonly answers?: string;
  /** Told of the first words of stdout. */
  readonly onPrint?: (text: string) => void;
}

export async function temporaryHome(t: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "airlock-cli-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  return home;
}

/** Does not wait: a pause of an hour is over at once. */
export function quickClock(from = Date.parse("2026-01-15T12:00:00Z")): Clock {
  let at = from;
  return {
    now: () => at,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      at += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const HEADERS = new Headers({ "x-request-id": "request-1" });

/** Through the real transport's own reading of statuses, with an answer that is made here. */
export function playing(api: Played, asked: Exchange[] = []): Transport {
  return async (exchange) => {
    asked.push(exchange);
    const { status = 200, body = {} } = api(exchange);
    const text = typeof body === "string" ? body : JSON.stringify(body);
    if (status < 400) {
      if (status === 200) exchange.onText?.(text);
      return { status, text: exchange.onText ? "" : text, headers: HEADERS };
    }
    const { ApiError } = await import("../src/api/problem.ts");
    const { detail, code } = body as { detail: string; code?: string };
    throw new ApiError({ status, detail, code, requestId: "request-1" });
  };
}

export const AWS_KEYS = {
  accessKeyId: "ASIAEXAMPLEEXAMPLE00",
  secretAccessKey: "secret-secret-secret-secret-secret-secret",
  sessionToken: "token-token-token-token-token",
};

export const awsKeys: AwsKeyFinder = async () => ({
  keys: AWS_KEYS,
  source: "the environment",
  region: undefined,
});

export async function gpuDev(words: readonly string[], setting: Setting): Promise<Ran> {
  let out = "";
  let err = "";
  const isTTY = setting.columns !== undefined;
  const sink = (add: (text: string) => void) => ({
    isTTY,
    ...(setting.columns !== undefined && { columns: setting.columns }),
    write: (text: string | Uint8Array) => add(String(text)),
  });
  const env = { HOME: setting.home, GPU_DEV_API_URL: URL_OF_API, ...setting.env };
  const stdin = Object.assign(new PassThrough(), { isTTY: setting.answers !== undefined });
  if (setting.answers !== undefined) stdin.write(`${setting.answers}\n`);
  const stdout = sink((text) => {
    out += text;
    setting.onPrint?.(text);
  });
  const stderrSink = sink((text) => {
    err += text;
  });
  const stderr =
    setting.answers === undefined ? stderrSink : Object.assign(new PassThrough(), stderrSink);
  const interrupted = new AbortController();
  const output = createOutput({ env, stdout, stderr, stdin: () => stdin, interrupted });
  const signal = AbortSignal.any([interrupted.signal, ...(setting.signal ? [setting.signal] : [])]);
  const transport = setting.transport ?? (setting.api && playing(setting.api));
  const context = createContext({
    env,
    output,
    signal,
    program: ["/usr/bin/node", "/usr/lib/gpu-dev.cjs"],
    version: "0.1.0",
    listedHome: () => setting.listedHome,
    ...(setting.clock && { clock: setting.clock }),
    ...(transport && { transport }),
    findAwsKeys: setting.findAwsKeys ?? awsKeys,
  });
  const code = await run(words, COMMANDS, context);
  return { code, out, err, json: parsed(out) };
}

/** Undefined for what is no document. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A transport over a real connection. */
export const realTransport = (url: string, timeoutMs?: number): Transport =>
  createTransport({
    url: new URL(url),
    version: "0.1.0",
    signal: new AbortController().signal,
    ...(timeoutMs !== undefined && { timeoutMs }),
  });

/** As the service shows it; tests change what they are about. */
export const JOB = {
  job_id: "3f2a91bc-0000-4000-8000-000000000001",
  reservation_id: "3f2a91bc-0000-4000-8000-000000000001",
  user_id: "alice",
  status: "active",
  gpu_type: "h100",
  gpu_count: 2,
  instance_type: "p5.48xlarge",
  image: "python:3",
  duration_hours: 4,
  created_at: "2026-01-15T11:00:00Z",
  expires_at: "2026-01-15T15:00:00Z",
  launched_at: "2026-01-15T11:00:00Z",
  name: "demo",
  pod_name: "gpu-dev-3f2a91bc-0123456789abcdef",
  node_ip: null,
  node_port: null,
  ssh_command: "ssh gpu-dev-3f2a91bc-0123456789abcdef",
  jupyter_enabled: false,
  jupyter_url: null as string | null,
  jupyter_token: null as string | null,
  github_user: "",
  secondary_users: [] as string[],
  oom_count: 0,
};

export const GPU_TYPE = {
  gpu_type: "h100",
  known: true,
  total: 16,
  available: 8,
  in_use: 8,
  queued: 0,
  max_per_node: 8,
  instance_type: "p5.48xlarge",
  instance_types: ["p5.48xlarge"],
  cpus: 192,
  memory_gb: 2048,
};

export const LOGGED_IN = {
  api_key: `gpud_${"k".repeat(49)}`,
  key_prefix: "gpud_kkkkkkkk",
  user_id: 1,
  username: "alice",
  aws_arn: "arn:aws:sts::111122223333:assumed-role/Developer/alice",
  expires_at: "2026-01-15T14:00:00Z",
  ttl_hours: 2,
};

/** Logs anybody in; `others` answers the rest. */
export const withLogin =
  (others: Played, key: () => string = () => LOGGED_IN.api_key): Played =>
  (exchange) => {
    const { path } = exchange;
    if (path === "/v1/auth/challenge") return { body: { challenge: "c".repeat(43) } };
    if (path === "/v1/auth/aws-login") return { body: { ...LOGGED_IN, api_key: key() } };
    return others(exchange);
  };

/** An address of this machine where nobody listens. */
export async function nobody(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return `http://127.0.0.1:${port}`;
}
