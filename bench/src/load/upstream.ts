/** The service behind every proxy: answers `/parameters/<name>` with bytes made beforehand. */
import { createServer, type Server, type Socket } from "node:net";
import { bodyOf, CASES, everyName } from "../cases.ts";

const HEAD_END = "\r\n\r\n";
const NOT_FOUND = Buffer.from("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");

/**
 * Speaks just enough HTTP/1.1 for requests without a body, because every microsecond spent here is
 * taken from the load generator, which runs on the same core.
 */
export function createUpstream(): Server {
  const answers = new Map<string, Buffer>();
  for (const bodyBytes of new Set(CASES.map((one) => one.bodyBytes))) {
    for (const name of everyName(bodyBytes)) {
      answers.set(`/parameters/${name}`, answerWith(bodyOf(name, bodyBytes)));
    }
  }
  return createServer({ noDelay: true }, (socket) => serve(socket, answers));
}

function serve(socket: Socket, answers: ReadonlyMap<string, Buffer>): void {
  let rest = "";
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    rest += chunk.toString("latin1");
    for (let end = rest.indexOf(HEAD_END); end >= 0; end = rest.indexOf(HEAD_END)) {
      const path = rest.slice(rest.indexOf(" ") + 1, rest.indexOf(" HTTP/1."));
      rest = rest.slice(end + HEAD_END.length);
      socket.write(answers.get(path) ?? NOT_FOUND);
    }
  });
}

function answerWith(body: Buffer): Buffer {
  const head = [
    "HTTP/1.1 200 OK",
    "content-type: application/json; charset=utf-8",
    `content-length: ${body.length}`,
    "cache-control: no-store",
    HEAD_END.slice(2),
  ];
  return Buffer.concat([Buffer.from(head.join("\r\n")), body]);
}
