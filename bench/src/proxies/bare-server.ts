/** The process that forwards with Fastify and undici alone: one route, one handler, nothing else. */
import fastify from "fastify";
import { type Dispatcher, Pool } from "undici";

const pool = new Pool(process.env.UPSTREAM ?? "", { connections: 64, pipelining: 1 });
const app = fastify({ logger: false });
app.get<{ Params: { "*": string } }>("/config/*", (request, reply) => {
  const chunks: Buffer[] = [];
  let status = 0;
  let type: string | string[] | undefined;
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart() {},
    onResponseStart(_controller, code, headers) {
      status = code;
      type = headers["content-type"];
    },
    onResponseData: (_controller, chunk) => void chunks.push(chunk),
    onResponseEnd() {
      const [first] = chunks;
      reply.code(status).header("content-type", type);
      reply.send(chunks.length === 1 ? first : Buffer.concat(chunks));
    },
    onResponseError: (_controller, error) => void reply.send(error),
  };
  pool.dispatch({ method: "GET", path: `/parameters/${request.params["*"]}` }, handler);
});
process.on("disconnect", () => process.exit(0));
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
