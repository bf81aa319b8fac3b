/** Connections to the API server, made anew when where it is or whom it believes has changed. */
import { Pool } from "undici";
import type { Access } from "./access.ts";
import { ExchangeError } from "./exchange.ts";

export interface Connections {
  /** For calls: what finds none free waits, within its own time. */
  calls(access: Access): Pool;
  /** For watches and logs, which each keep one as long as they last. */
  streams(access: Access): Pool;
  close(): Promise<void>;
}

const CALLS = 16;
const CONNECT_MS = 5000;
/** Shorter than what load balancers in front of API servers allow. */
const KEEP_ALIVE_MS = 20_000;

export function createConnections(): Connections {
  let latest: { readonly key: string; readonly calls: Pool; readonly streams: Pool } | undefined;
  const open = new Set<Pool>();
  let isClosed = false;

  const pool = ({ server, tls }: Access, connections: number | null): Pool => {
    const { ca, cert, key, servername, isUnverified = false } = tls;
    const made = new Pool(new URL(server).origin, {
      connections,
      // one connection for each watch: HTTP/2 would let one that stalls hold up all
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // who calls has a deadline of their own
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: CONNECT_MS,
        rejectUnauthorized: !isUnverified,
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
        ...(servername !== undefined && { servername }),
      },
    });
    open.add(made);
    return made;
  };

  const pools = (access: Access) => {
    // who has waited for the access meanwhile comes too late
    if (isClosed) throw new ExchangeError("broken", false, "closed");
    const key = JSON.stringify([access.server, access.tls]);
    if (latest?.key === key) return latest;
    // what is under way there comes to its end
    for (const old of open) void old.close().then(() => open.delete(old));
    latest = { key, calls: pool(access, CALLS), streams: pool(access, null) };
    return latest;
  };

  return {
    calls: (access) => pools(access).calls,
    streams: (access) => pools(access).streams,
    async close() {
      isClosed = true;
      await Promise.all([...open].map((one) => one.destroy()));
    },
  };
}
