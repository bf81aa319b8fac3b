/** The process that forwards with @fastify/reply-from: no log, no checks, as many connections as ours. */
import replyFrom from "@fastify/reply-from";
import fastify from "fastify";

const app = fastify({ logger: false });
await app.register(replyFrom, {
  base: process.env.UPSTREAM ?? "",
  undici: { connections: 64, pipelining: 1 },
});
app.get<{ Params: { "*": string } }>("/config/*", (request, reply) =>
  reply.from(`/parameters/${request.params["*"]}`),
);
process.on("disconnect", () => process.exit(0));
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
