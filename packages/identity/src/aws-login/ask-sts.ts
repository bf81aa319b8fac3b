/** One question to STS, and everything that may come back instead of an answer. */
import { type Dispatcher, request } from "undici";
import * as z from "zod";
import { causeOf, readText } from "../small-answer.ts";
import { CallerIdentityAnswer, type CallerIdentityResult } from "./caller-identity.ts";
import type { IdentityRequest } from "./identity-request.ts";

/** A real answer has about 500 bytes. */
export const MAX_ANSWER_BYTES = 16_384;

export type StsAnswer =
  | { readonly kind: "identity"; readonly result: CallerIdentityResult }
  /** STS refuses the signature or the keys; `code` is its word, e.g. `ExpiredToken`. */
  | { readonly kind: "refused"; readonly code: string }
  /** Nothing is known about the proof; `cause` is for the log. */
  | { readonly kind: "unavailable"; readonly cause: string }
  /** No answer of STS's; nothing is known either. */
  | { readonly kind: "strange"; readonly cause: string };

export interface StsCall {
  /** Where to connect; the request names its own host. */
  readonly origin: string;
  readonly authorization: string;
  readonly dispatcher: Dispatcher;
  /** For the whole exchange, in milliseconds. */
  readonly timeoutMs: number;
}

const StsError = z.object({ Error: z.object({ Code: z.string().regex(/^[A-Za-z.]{1,64}$/) }) });
const THROTTLED = /Throttl|RequestLimitExceeded|TooManyRequests|SlowDown/;

/** Never rejects. Follows no redirect; reads no more than {@link MAX_ANSWER_BYTES}. */
export async function askSts(
  { headers, body }: IdentityRequest,
  { origin, authorization, dispatcher, timeoutMs }: StsCall,
): Promise<StsAnswer> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await request(new URL("/", origin), {
      method: "POST",
      headers: { ...headers, authorization },
      body,
      dispatcher,
      signal,
    });
    return readAnswer(
      answer.statusCode,
      answer.headers,
      await readText(answer.body, MAX_ANSWER_BYTES),
    );
  } catch (error) {
    return { kind: "unavailable", cause: causeOf(error) };
  }
}

function readAnswer(
  status: number,
  headers: Dispatcher.ResponseData["headers"],
  text: string | undefined,
): StsAnswer {
  const strange = (cause: string): StsAnswer => ({ kind: "strange", cause });
  if (status >= 500 || status === 429) return { kind: "unavailable", cause: `status ${status}` };
  if (status !== 200 && (status < 400 || status > 499)) return strange(`status ${status}`);
  if (text === undefined) return strange("too large");
  if (!/^application\/json(?: *;|$)/.test(String(headers["content-type"]))) {
    return strange("content type");
  }
  const json = parseJson(text);
  if (status === 200) {
    const { success, data } = CallerIdentityAnswer.safeParse(json);
    if (!success) return strange("shape");
    return { kind: "identity", result: data.GetCallerIdentityResponse.GetCallerIdentityResult };
  }
  const refused = StsError.safeParse(json);
  if (!refused.success) return strange(`status ${status}, shape`);
  const code = refused.data.Error.Code;
  return THROTTLED.test(code) ? { kind: "unavailable", cause: code } : { kind: "refused", code };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
