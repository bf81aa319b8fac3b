/** JSON requests over one kept-alive connection, one at a time. */
import { Agent, request } from "node:http";

export interface JsonClient {
  /** @throws Error on an answer that is not 200. */
  ask(method: string, path: string, options?: { key?: string; body?: object }): Promise<unknown>;
  close(): void;
}

export function jsonClient(url: string): JsonClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    ask(method, path, { key, body } = {}) {
      const text = body && JSON.stringify(body);
      const headers = {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(text !== undefined && {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(text),
        }),
      };
      return new Promise((resolve, reject) => {
        const outgoing = request(url + path, { method, headers, agent }, (incoming) => {
          let answer = "";
          incoming.setEncoding("utf8").on("data", (part: string) => {
            answer += part;
          });
          incoming.on("error", reject).on("end", () => {
            if (incoming.statusCode === 200) resolve(JSON.parse(answer));
            else reject(new Error(`${method} ${path}: ${incoming.statusCode} ${answer}`));
          });
        });
        outgoing.on("error", reject).end(text);
      });
    },
    close: () => agent.destroy(),
  };
}
