/** SSH keys that users show of themselves, such as at https://github.com/alice.keys. */
import { parseSshPublicKey } from "@airlock/contract";
import { Agent, request } from "undici";

export interface UserKeys {
  /**
   * Lines of authorized_keys; what is no key is left out.
   *
   * @param timeoutMs less than it would take otherwise.
   * @throws NoSuchKeys, KeysUnavailable
   */
  of(user: string, timeoutMs?: number): Promise<string[]>;
  close(): Promise<void>;
}

/** There are none, and will be none the next moment; a sentence for people. */
export class NoSuchKeys extends Error {}

/** They cannot be had now; a sentence for people. */
export class KeysUnavailable extends Error {}

const TIMEOUT_MS = 3000;
const LIMIT_BYTES = 64 * 1024;
const MOST_KEYS = 100;
/** For as long nobody is kept waiting for what has just failed to answer, nor is it asked by more than it can take. */
const OUTAGE_MS = 10_000;

/** @param url has `{user}` in it. */
export function createUserKeys(url: string, now: () => number = () => performance.now()): UserKeys {
  const agent = new Agent({ connect: { timeout: TIMEOUT_MS }, connections: 8 });
  const { host } = new URL(url);
  let outUntilMs = Number.NEGATIVE_INFINITY;

  const rest = () => {
    outUntilMs = now() + OUTAGE_MS;
  };
  const fetchKeys = async (user: string, timeoutMs: number): Promise<string> => {
    const signal = AbortSignal.timeout(timeoutMs);
    const target = url.replace("{user}", encodeURIComponent(user));
    const headers = { accept: "text/plain", "user-agent": "airlock" };
    // a redirect is not followed: it would lead where nobody has said
    const { statusCode, body } = await request(target, { dispatcher: agent, signal, headers });
    if (statusCode !== 200) {
      body.on("error", () => {}).destroy();
      // any other answer is one for this name alone
      if (statusCode === 429 || statusCode >= 500) rest();
      if (statusCode === 404) throw new NoSuchKeys(`There is no user ${user} at ${host}.`);
      throw new KeysUnavailable(`${host} answers ${statusCode} for the keys of ${user}.`);
    }
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    for await (const part of body as AsyncIterable<Buffer>) {
      sizeBytes += part.length;
      if (sizeBytes > LIMIT_BYTES) {
        throw new NoSuchKeys(`What ${host} shows of ${user} is too long to be keys.`);
      }
      parts.push(part);
    }
    return Buffer.concat(parts).toString("utf8");
  };

  return {
    async of(user, timeoutMs = TIMEOUT_MS) {
      if (now() < outUntilMs) throw silent(user, host);
      try {
        return keysIn(await fetchKeys(user, Math.min(timeoutMs, TIMEOUT_MS)));
      } catch (error) {
        if (error instanceof NoSuchKeys || error instanceof KeysUnavailable) throw error;
        rest();
        throw silent(user, host);
      }
    },
    close: () => agent.destroy(),
  };
}

const silent = (user: string, host: string) =>
  new KeysUnavailable(`${host} does not answer for the keys of ${user}.`);

/** Each once, the first so many. */
function keysIn(text: string): string[] {
  const lines = text.split("\n").flatMap((line) => parseSshPublicKey(line) ?? []);
  return [...new Set(lines)].slice(0, MOST_KEYS);
}
