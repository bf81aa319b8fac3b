/** A client of the jobs API: JSON there and back, never an exception. */

export interface JobsAnswer {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Empty when the answer was no JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface JobsRequest {
  readonly key?: string;
  /** Text is sent as it is. */
  readonly body?: object | string;
  /** The Idempotency-Key. */
  readonly once?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type AskJobs = (method: string, path: string, request?: JobsRequest) => Promise<JobsAnswer>;

const LIMIT_MS = 60_000;

/** @param onAnswer sees every answer as well. */
export function jobsClient(url: string, onAnswer?: (answer: JobsAnswer) => void): AskJobs {
  return async (method, path, request = {}) => {
    const answer = await askOnce(url + path, method, request).catch(
      (error: Error): JobsAnswer => ({
        status: 0,
        headers: new Headers(),
        text: `${error.message}: ${String(error.cause)}`,
        body: {},
      }),
    );
    onAnswer?.(answer);
    return answer;
  };
}

async function askOnce(url: string, method: string, request: JobsRequest): Promise<JobsAnswer> {
  const { key, body, once, headers = {} } = request;
  const response = await fetch(url, {
    method,
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(once !== undefined && { "idempotency-key": once }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: objectIn(text) };
}

function objectIn(text: string): JobsAnswer["body"] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as JobsAnswer["body"]) : {};
  } catch {
    return {};
  }
}

/** How often each status and code came, such as `200 × 40, 503 database_unavailable × 2`. */
export function tally(answers: readonly JobsAnswer[]): string {
  const counts = new Map<string, number>();
  for (const { status, body } of answers) {
    const name = [status, body.code].filter((part) => part !== undefined).join(" ");
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${name} × ${count}`).join(", ") || "none";
}
