/** A reader of a job's events as a browser is one: when its stream ends it comes back, with the number of its last event. */
import { type ClientRequest, request } from "node:http";
import { sleep } from "./waiting.ts";

export interface EventReaderOptions {
  readonly url: string;
  readonly jobId: string;
  readonly key: string;
  /** It gives up when this is false. */
  readonly goesOn: () => boolean;
}

/** Instead of what a stream says, for more comings in the same time. */
const LONGEST_PAUSE_MS = 1000;
const BUSY = [429, 502, 503, 504];

export class EventReader {
  readonly jobId: string;
  /** Each that came, as often as it came. */
  readonly seqs: number[] = [];
  isOver = false;
  isOpen = false;
  /** Times that it came again. */
  returns = 0;
  /** Answers that are neither a stream nor a word to come later. */
  readonly wrong: string[] = [];
  readonly #options: EventReaderOptions;
  #retryMs = 200;
  #request: ClientRequest | undefined;

  constructor(options: EventReaderOptions) {
    this.#options = options;
    this.jobId = options.jobId;
  }

  /** Resolves when the job is over, or it has given up. */
  async run(): Promise<void> {
    while (!this.isOver && this.#options.goesOn()) {
      const status = await this.#read();
      this.isOpen = false;
      // the last of it was told before
      if (status === 204) this.isOver = true;
      if (this.isOver) return;
      this.returns++;
      await sleep(Math.min(this.#retryMs, LONGEST_PAUSE_MS) * (0.5 + Math.random()));
    }
  }

  leave(): void {
    this.#request?.destroy();
  }

  /** One stream, to its end. @returns its status; 0 when there was no answer. */
  #read(): Promise<number> {
    const { url, jobId, key } = this.#options;
    const last = this.seqs.at(-1);
    return new Promise((resolve) => {
      const headers = {
        authorization: `Bearer ${key}`,
        accept: "text/event-stream",
        ...(last !== undefined && { "last-event-id": String(last) }),
      };
      const asked = request(`${url}/v1/jobs/${jobId}/events`, { headers, agent: false });
      this.#request = asked;
      asked.once("error", () => resolve(0));
      asked.once("response", (answer) => {
        const { statusCode: status = 0 } = answer;
        this.isOpen = status === 200;
        if (status !== 200 && status !== 204 && !BUSY.includes(status)) {
          this.wrong.push(String(status));
        }
        let text = "";
        answer.setEncoding("utf8").on("data", (part: string) => {
          text += part;
          const frames = text.split("\n\n");
          text = frames.pop() ?? "";
          if (status === 200) for (const frame of frames) this.#take(frame);
        });
        answer.on("error", () => {}); // "close" follows
        answer.once("close", () => resolve(status));
      });
      asked.end();
    });
  }

  #take(frame: string): void {
    const retry = /^retry: (\d+)$/m.exec(frame)?.[1];
    if (retry !== undefined) this.#retryMs = Number(retry);
    const id = /^id: (\d+)$/m.exec(frame)?.[1];
    if (id !== undefined) this.seqs.push(Number(id));
    if (/^event: over$/m.test(frame)) this.isOver = true;
  }
}

export interface Verdict {
  /** Events of the job that a reader did not have. */
  readonly gaps: number;
  readonly duplicates: number;
  readonly disorder: number;
}

/** What readers had, beside what there was. @param lasts the number of the last event of each job. */
export function judge(
  readers: readonly EventReader[],
  lasts: ReadonlyMap<string, number>,
): Verdict {
  let [gaps, duplicates, disorder] = [0, 0, 0];
  for (const { seqs, jobId } of readers) {
    const had = new Set(seqs);
    for (let seq = 1; seq <= (lasts.get(jobId) ?? 0); seq++) if (!had.has(seq)) gaps++;
    duplicates += seqs.length - had.size;
    disorder += seqs.filter((seq, index) => index > 0 && seq < (seqs[index - 1] ?? 0)).length;
  }
  return { gaps, duplicates, disorder };
}
