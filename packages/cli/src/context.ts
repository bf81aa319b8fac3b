/** Everything that a command gets from outside; main.ts makes the real ones, tests others. */
import type { Api } from "./api/api.ts";
import type { Transport } from "./api/transport.ts";
import type { AwsKeyFinder } from "./auth/aws-keys.ts";
import type { KeyCache } from "./auth/key-cache.ts";
import type { Session } from "./auth/session.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Environment } from "./environment.ts";
import type { Home } from "./files/home.ts";
import type { Output } from "./output/output.ts";

export interface Context {
  readonly env: Environment;
  readonly output: Output;
  readonly home: Home;
  readonly clock: Clock;
  /** Ends with Ctrl-C. */
  readonly signal: AbortSignal;
  /** How this program is started, for others that start it. */
  readonly program: readonly string[];
  readonly version: string;
  readonly findAwsKeys: AwsKeyFinder;
  readonly keyCache: KeyCache;
  /** Read when first asked for. @throws CliError for a file that is no configuration. */
  config(): Promise<Config>;
  /** Asks without a key, at an address that is not the configured one. */
  transportTo(url: URL): Transport;
  /** Asks without a key. @throws CliError where no address is configured. */
  transport(): Promise<{ readonly url: URL; readonly send: Transport }>;
  /** @throws CliError where no address is configured. */
  session(): Promise<Session>;
  /** Logs in when a request is made, if need be. @throws CliError where no address is configured. */
  api(): Promise<Api>;
}
