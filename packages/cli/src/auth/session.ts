/** The key that requests carry: given, cached, or of a login that is made when it is needed. */
import { isAboutLogin, type Problem } from "../api/problem.ts";
import { CliError, EXIT } from "../cli-error.ts";
import type { Clock } from "../clock.ts";
import type { Output } from "../output/output.ts";
import type { CachedKey, KeyCache } from "./key-cache.ts";

export interface Session {
  /** @throws CliError when a login is needed and cannot be had. */
  key(): Promise<string>;
  /** Whether another login may help. */
  canMend(problem: Problem): Promise<boolean>;
  /** Another key than the one that was refused. @throws CliError */
  renew(refused: string): Promise<string>;
  /** What is known of the key in use; of one that was given nothing is. */
  known(): Promise<CachedKey | undefined>;
  /** Keeps a key that takes the place of the one in use. @throws CliError */
  replace(key: Pick<CachedKey, "api_key" | "expires_at">): Promise<void>;
}

export interface SessionOptions {
  readonly url: URL;
  /** GPU_DEV_API_KEY. */
  readonly givenKey: string | undefined;
  readonly cache: KeyCache;
  readonly clock: Clock;
  readonly output: Output;
  /** Proves the AWS identity and gets a key. @throws CliError */
  readonly logIn: () => Promise<CachedKey>;
}

/** A request that begins now may still be under way when its key ends. */
const RENEW_MS = 5 * 60_000;

export function createSession(options: SessionOptions): Session {
  const { url, givenKey, cache, clock, output, logIn } = options;
  let inUse: CachedKey | undefined;
  const leftMs = ({ expires_at }: CachedKey) => Date.parse(expires_at) - clock.now();

  const keep = async (key: CachedKey): Promise<CachedKey> => {
    inUse = key;
    await cache.write(key);
    return key;
  };
  /** A key that cannot be kept is good for this command all the same. */
  const keepIfPossible = async (key: CachedKey): Promise<CachedKey> => {
    try {
      return await keep(key);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      output.note(`The key of this login is not kept: ${error.message}`);
      return key;
    }
  };
  /** One login for all commands that need one at once: whoever comes later finds its key. */
  const another = (isGood: (key: CachedKey) => boolean): Promise<CachedKey> =>
    cache.alone(async () => {
      const found = await cache.read(url);
      if (found && isGood(found)) {
        inUse = found;
        return found;
      }
      return await keepIfPossible(await logIn());
    });

  const valid = async (): Promise<CachedKey> => {
    inUse ??= await cache.read(url);
    const known = inUse;
    if (known && leftMs(known) > RENEW_MS) return known;
    try {
      return await another((key) => leftMs(key) > RENEW_MS);
    } catch (error) {
      // the last minutes of a key that nobody can renew now
      if (known && leftMs(known) > 0) return known;
      throw error;
    }
  };

  return {
    async key() {
      return givenKey ?? (await valid()).api_key;
    },
    async canMend(problem) {
      const { code } = problem;
      if (!isAboutLogin(problem)) return false;
      if (givenKey !== undefined) throw givenKeyRefused(code);
      return code !== "api_key_disabled";
    },
    async renew(refused) {
      output.note("The API key is not accepted any more: logging in again.");
      return (await another(({ api_key }) => api_key !== refused)).api_key;
    },
    async known() {
      return givenKey === undefined ? await valid() : undefined;
    },
    async replace(key) {
      await keep({ ...inUse, ...key, api_url: url.href });
    },
  };
}

const givenKeyRefused = (code: string | undefined) =>
  new CliError(EXIT.loginNeeded, `GPU_DEV_API_KEY is refused${code ? ` (${code})` : ""}.`, {
    next: "Unset it to log in with AWS, or set another key.",
  });
