/** The stand-in's control endpoint: faults, calls, parameters. */
import type { CallCounts, CallRecord, FaultInput, PutObjects } from "@airlock/local-aws";

export class AwsControl {
  readonly #url: string;

  constructor(url: string) {
    this.#url = `${url}/_control`;
  }

  /** Replaces all faults; none clears them. */
  async faults(...faults: readonly FaultInput[]): Promise<void> {
    await this.#ask("/faults", "PUT", { faults });
  }

  async parameters(parameters: readonly { name: string; value: string; type?: string }[]) {
    await this.#ask("/parameters", "POST", { parameters });
  }

  /** Objects that hold their own keys. */
  async objects(bucket: string, keys: readonly string[]): Promise<void> {
    await this.#ask("/objects", "POST", { bucket, keys });
  }

  /** One object of a size; resolves with its SHA-256 in hex. */
  async bigObject(bucket: string, key: string, size: number): Promise<string> {
    const { sha256 } = (await this.#ask("/objects", "POST", { bucket, key, size })) as PutObjects;
    return sha256 ?? "";
  }

  /** Whether a reader of this object (`bucket/key`) left before its end, and after how many ms. */
  async cutAfterMs(resource: string): Promise<number | undefined> {
    const { list } = (await this.#ask("/calls?list=1", "GET")) as { list: CallRecord[] };
    return list.findLast((call) => call.resource === resource)?.cutAfterMs;
  }

  /** Calls of all operations of a service since the last `forgetCalls`. */
  async callsOf(service: string): Promise<number> {
    const { byOperation } = (await this.#ask("/calls", "GET")) as CallCounts;
    const own = Object.entries(byOperation).filter(([name]) => name.startsWith(`${service}.`));
    return own.reduce((sum, [, count]) => sum + count, 0);
  }

  /** Calls of one operation, such as `ssm.GetParameters`, since the last `forgetCalls`. */
  async calls(operation: string): Promise<number> {
    const counts = (await this.#ask("/calls", "GET")) as CallCounts;
    return counts.byOperation[operation] ?? 0;
  }

  async forgetCalls(): Promise<void> {
    await this.#ask("/calls", "DELETE");
  }

  /** Ends every session that STS has given out. */
  async revokeSessions(as: "expired" | "unknown"): Promise<void> {
    await this.#ask("/sessions", "DELETE", { as });
  }

  async #ask(path: string, method: string, body?: object): Promise<unknown> {
    const response = await fetch(this.#url + path, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }
}
