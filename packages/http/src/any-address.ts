/** Where to listen for everybody: IPv6 takes IPv4 as well, but not every kernel has it. */
import { once } from "node:events";
import { createServer } from "node:net";

export type TryListen = (host: string) => Promise<void>;

/**
 * @param tryListen rejects with what the system says of listening there.
 * @returns `0.0.0.0` for `::` on a machine without IPv6, else the host as it is.
 */
export async function hostToListenOn(
  host: string,
  tryListen: TryListen = listenOnce,
): Promise<string> {
  if (host !== "::") return host;
  try {
    await tryListen(host);
    return host;
  } catch (error) {
    const { code } = error as { code?: string };
    return code === "EAFNOSUPPORT" || code === "EADDRNOTAVAIL" ? "0.0.0.0" : host;
  }
}

async function listenOnce(host: string): Promise<void> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  server.close();
}
