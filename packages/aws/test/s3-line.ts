/** A TCP line to the stand-in that can go bad: cut, or silent, after so many bytes of answers. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

export interface S3Line {
  readonly url: string;
  readonly open: number;
  /** Bytes that have come from the stand-in. */
  readonly bytes: number;
  to(port: number): void;
  /** What becomes of answers once this many bytes have passed. */
  breakAfter(bytes: number, how: "cut" | "silence"): void;
}

export async function startLine(t: TestContext): Promise<S3Line> {
  const ends = new Set<Socket>();
  let target = 0;
  let bytes = 0;
  let broken: { readonly after: number; readonly how: "cut" | "silence" } | undefined;
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    ends.add(client);
    client.pipe(upstream);
    upstream.on("data", (chunk) => {
      bytes += chunk.length;
      if (broken && bytes > broken.after) {
        if (broken.how === "silence") return;
        upstream.destroy();
        client.destroySoon();
        return;
      }
      if (client.write(chunk)) return;
      upstream.pause();
      client.once("drain", () => upstream.resume());
    });
    const close = () => {
      ends.delete(client);
      client.destroy();
      upstream.destroy();
    };
    for (const end of [client, upstream]) end.on("close", close).on("error", close);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const end of ends) end.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get open() {
      return ends.size;
    },
    get bytes() {
      return bytes;
    },
    to(port) {
      target = port;
    },
    breakAfter(more, how) {
      broken = { after: bytes + more, how };
    },
  };
}
