/** A client of a running pair, by BASE_URL alone: a laptop, a container, a cluster, an account. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { request as requestTls } from "node:https";
import { type AnswerCheck, createAnswerCheck } from "./answer-check.ts";

export const BASE_URL = baseUrl(process.env.BASE_URL || "http://localhost:8080");

function baseUrl(text: string): URL {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return new URL(text);
  process.stderr.write(`BASE_URL must be an address such as http://localhost:8080, not ${text}\n`);
  process.exit(1);
}

/** Longer than the slowest class of routes takes. */
const LIMIT_MS = 30_000;

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

let check: Promise<AnswerCheck | undefined> | undefined;

/** What holds answers to the document of whoever answers; undefined where it is not served. */
export function documentCheck(): Promise<AnswerCheck | undefined> {
  check ??= callAt(`${BASE_URL.origin}/openapi.json`).then(({ status, text }) =>
    status === 200 ? createAnswerCheck(JSON.parse(text)) : undefined,
  );
  return check;
}

/** Sends the path as it is: fetch would resolve dot segments first. */
export async function call(
  path: string,
  method = "GET",
  headers: Record<string, string> = {},
  body?: string,
): Promise<Reply> {
  const reply = await callAt(BASE_URL.origin + path, method, headers, body);
  const problem = (await documentCheck())?.(method, path, reply);
  assert.equal(problem, undefined, `not as /openapi.json has it: ${problem}`);
  return reply;
}

/** The same at any address. */
export function callAt(
  url: string,
  method = "GET",
  headers: Record<string, string> = {},
  body?: string,
): Promise<Reply> {
  const { protocol, hostname, port, origin } = new URL(url);
  const path = url.slice(url.indexOf("/", origin.length)) || "/";
  const send = protocol === "https:" ? requestTls : request;
  const framing = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
  const options = { hostname, port, path, method, agent: false, timeout: LIMIT_MS };
  return new Promise((resolve, reject) => {
    const outgoing = send({ ...options, headers: { ...headers, ...framing } }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("error", reject).on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer in ${LIMIT_MS} ms`)));
    outgoing.on("error", reject).end(body);
  });
}

export async function json(path: string): Promise<Record<string, unknown>> {
  const { status, headers, text } = await call(path);
  assert.equal(status, 200, `${path}: ${status} ${text.slice(0, 300)}`);
  assert.match(String(headers["content-type"]), /^application\/json/);
  return JSON.parse(text);
}

/** The keys of a body with the types of their values. */
export const shape = (body: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(body).map(([key, value]) => [key, typeof value]));

export function assertProblem(reply: Reply, status: number, code: string): void {
  assert.equal(reply.status, status, reply.text.slice(0, 300));
  assert.match(String(reply.headers["content-type"]), /^application\/problem\+json/);
  const problem = JSON.parse(reply.text);
  assert.equal(problem.code, code);
  assert.equal(problem.status, status);
  assert.equal(typeof problem.detail, "string");
  assert.equal(problem.instance, `urn:request:${problem.request_id}`);
  assert.equal(reply.headers["x-request-id"], problem.request_id);
  assert.doesNotMatch(reply.text, /arn:aws|at .*\.js:|node_modules/);
}

export interface ListedParameter {
  readonly name: string;
  readonly type: string;
}

export async function listParameters(): Promise<ListedParameter[]> {
  const { parameters } = await json("/config");
  return parameters as ListedParameter[];
}
