/** A process between gateway and aux that does what a stage of an API does to a path, and nothing of what AWS takes time for. */
import { Agent, createServer, request } from "node:http";

const [port, target] = process.argv.slice(2);
const { hostname, port: targetPort } = new URL(target ?? "");
const agent = new Agent({ keepAlive: true });
/** The stage, and which headers are signed. */
const OF_THE_API = /^\/prod(?=\/)|[?&]x-airlock-signed=[\w.-]*/g;

createServer((incoming, response) => {
  const { method, url = "", headers } = incoming;
  const path = url.replace(OF_THE_API, "");
  const outgoing = request(
    { agent, hostname, port: targetPort, method, path, headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  outgoing.once("error", () => response.destroy());
  incoming.pipe(outgoing);
}).listen(Number(port), "127.0.0.1");
