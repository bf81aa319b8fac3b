/** A gateway in small, for programs that follow a value: what it answers is each thing that can happen, in turn. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const FOLLOWED = "/config//own/greeting";

const value = (etag: string, text: string) => (response: ServerResponse) =>
  response
    .writeHead(200, { etag, "content-type": "application/json" })
    .end(JSON.stringify({ name: "/own/greeting", value: text }));
const status =
  (code: number, headers = {}) =>
  (response: ServerResponse) =>
    response.writeHead(code, headers).end();

/** The first value, nothing new, a bad time, a connection that breaks, another value, and its end. */
const ANSWERS: readonly ((response: ServerResponse) => unknown)[] = [
  value('"1"', "hello"),
  status(304),
  status(503, { "retry-after": "0" }),
  (response) => response.destroy(),
  value('"2"', "hi"),
  status(404),
];

/** What a program is to have printed and asked for when it has ended. */
export const EXPECTED = {
  output: "hello\nhi\n",
  requests: [
    `${FOLLOWED} -`,
    ...Array.from({ length: 4 }, () => `${FOLLOWED}?wait=30s "1"`),
    `${FOLLOWED}?wait=30s "2"`,
  ],
};

export interface FollowServer {
  readonly origin: string;
  /** Path and `If-None-Match` of each request so far. */
  readonly requests: readonly string[];
  close(): void;
}

export async function followServer(): Promise<FollowServer> {
  const requests: string[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const answer = ANSWERS[requests.length] ?? status(410);
    requests.push(`${request.url} ${request.headers["if-none-match"] ?? "-"}`);
    answer(response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
