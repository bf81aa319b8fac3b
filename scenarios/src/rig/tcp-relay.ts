/** Passes connections on and does nothing else, as a process: the least that a hop can cost. Prints its port. */
import { type AddressInfo, connect, createServer } from "node:net";

const [host = "", port = ""] = process.argv.slice(2);

const server = createServer({ noDelay: true }, (client) => {
  const upstream = connect({ host, port: Number(port), noDelay: true });
  client.on("error", () => {}).once("close", () => upstream.destroy());
  upstream.on("error", () => {}).once("close", () => client.destroy());
  client.pipe(upstream).pipe(client);
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
