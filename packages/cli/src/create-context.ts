/** The real things that commands work with, each made when it is first needed. */
import { createApi } from "./api/api.ts";
import { createTransport, type Transport } from "./api/transport.ts";
import { awsKeyFinder } from "./auth/aws-keys.ts";
import { createKeyCache } from "./auth/key-cache.ts";
import { logIn } from "./auth/log-in.ts";
import { createSession } from "./auth/session.ts";
import { type Clock, systemClock } from "./clock.ts";
import { apiUrlOf, readConfig } from "./config.ts";
import type { Context } from "./context.ts";
import type { Environment } from "./environment.ts";
import { homeOf, listedHome } from "./files/home.ts";
import type { Output } from "./output/output.ts";

export interface ContextOptions {
  readonly env: Environment;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly program: readonly string[];
  readonly version: string;
  readonly clock?: Clock;
  /** Instead of asking this machine for its users. */
  readonly listedHome?: () => string | undefined;
  /** Instead of asking over the network. */
  readonly transport?: Transport;
  readonly findAwsKeys?: Context["findAwsKeys"];
}

/** @throws CliError without a home. */
export function createContext(options: ContextOptions): Context {
  const { output, signal, program, version, clock = systemClock } = options;
  const home = homeOf(options.env, options.listedHome ?? listedHome);
  const env: Environment = { ...options.env, HOME: home.folder };
  const keyCache = createKeyCache({ home, clock, signal, output });
  const findAwsKeys = options.findAwsKeys ?? awsKeyFinder(env);
  const config = once(() => readConfig(home));
  const trace = env.GPU_DEV_DEBUG === "api" ? (line: string) => output.note(line) : undefined;
  const transportTo = (url: URL) =>
    options.transport ?? createTransport({ url, version, signal, trace });
  const transport = once(async () => {
    const url = apiUrlOf(env, await config());
    return { url, send: transportTo(url) };
  });
  const session = once(async () => {
    const { url, send } = await transport();
    const about = { url, transport: send, env, config: await config(), output, findAwsKeys };
    const givenKey = env.GPU_DEV_API_KEY || undefined;
    return createSession({
      url,
      givenKey,
      cache: keyCache,
      clock,
      output,
      logIn: () => logIn(about),
    });
  });
  const api = once(async () => {
    const { url, send } = await transport();
    const about = { url, transport: send, session: await session(), clock, signal, output };
    return createApi(about);
  });
  return {
    env,
    output,
    home,
    clock,
    signal,
    program,
    version,
    findAwsKeys,
    keyCache,
    config,
    transportTo,
    transport,
    session,
    api,
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
