/** Reads the events of a job as an EventSource does (HTML, section 9.2), and keeps every word of it. */
import assert from "node:assert/strict";

export interface Heard {
  readonly id: string | undefined;
  readonly name: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into events of every shape
  readonly data: any;
}

export interface Streamed {
  readonly status: number;
  readonly headers: Headers;
  readonly heard: Heard[];
  /** Milliseconds, as it was told last. */
  readonly retry: number | undefined;
  comments: number;
  /** The number of the last event. */
  readonly last: number;
  /** Resolves with whether it came to an end of its own; false: it broke off. */
  readonly ended: Promise<boolean>;
  leave(): void;
}

export async function readEvents(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<Streamed> {
  const leaving = new AbortController();
  const response = await fetch(url, { headers, signal: leaving.signal });
  const { promise: ended, resolve } = Promise.withResolvers<boolean>();
  const heard: Heard[] = [];
  const streamed = {
    status: response.status,
    headers: response.headers,
    heard,
    retry: undefined as number | undefined,
    comments: 0,
    get last() {
      return Number(heard.findLast(({ id }) => id !== undefined)?.id ?? 0);
    },
    ended,
    leave: () => leaving.abort(),
  };
  const frame = (text: string) => {
    const lines = text.split("\n");
    const fields = new Map(
      lines
        .filter((line) => !line.startsWith(":"))
        .map((line) => {
          const [, name = "", value = ""] = /^([a-z]+): (.*)$/.exec(line) ?? [];
          assert.notEqual(name, "", `no line of an event stream: ${line}`);
          return [name, value];
        }),
    );
    if (lines.some((line) => line.startsWith(":"))) streamed.comments++;
    const retry = fields.get("retry");
    if (retry !== undefined) streamed.retry = Number(retry);
    const data = fields.get("data");
    if (data === undefined) return;
    heard.push({ id: fields.get("id"), name: fields.get("event"), data: JSON.parse(data) });
  };
  const read = async () => {
    let text = "";
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += part;
      const frames = text.split("\n\n");
      text = frames.pop() ?? "";
      for (const one of frames) frame(one);
    }
  };
  void read().then(
    () => resolve(true),
    () => resolve(false),
  );
  return streamed;
}
