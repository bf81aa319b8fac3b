/** The stand-in's control endpoint: faults, calls, parameters. */
import type { CallCounts, FaultInput } from "@airlock/local-aws";

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

  /** Calls of one operation, such as `ssm.GetParameter`, since the last `forgetCalls`. */
  async calls(operation: string): Promise<number> {
    const counts = (await this.#ask("/calls", "GET")) as CallCounts;
    return counts.byOperation[operation] ?? 0;
  }

  async forgetCalls(): Promise<void> {
    await this.#ask("/calls", "DELETE");
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
