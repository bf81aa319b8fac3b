/** A proxy in the environment of every service: their requests to each other, and to this machine, never take it. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Load } from "../rig/load.ts";
import { NO_CACHE, prepare } from "../rig/pair.ts";
import { sleep } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";
import { checkLedger } from "./ledger-check.ts";

const SIZES = {
  test: { perSecond: 20, seconds: 2 },
  soak: { perSecond: 100, seconds: 10 },
} as const;

export const proxyEnvironment: Scenario = {
  name: "proxy-environment",
  how: "gateway and aux run with HTTP_PROXY, HTTPS_PROXY, their lower-case forms and NODE_USE_ENV_PROXY; the proxy counts who comes",
  async run(size: SizeName, stage: Stage) {
    let asked = 0;
    const proxy = createServer((_request, response) => {
      asked++;
      response.writeHead(502).end();
    });
    proxy.on("connect", (_request, socket) => {
      asked++;
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    stage.defer(() => proxy.close());
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const env = {
      HTTP_PROXY: url,
      HTTPS_PROXY: url,
      http_proxy: url,
      https_proxy: url,
      NODE_USE_ENV_PROXY: "1",
    };
    const pair = await prepare(stage, { auxEnv: { ...NO_CACHE, ...env }, gatewayEnv: env });
    await pair.addAux();
    await pair.addGateway();
    await pair.warmUp();
    const { perSecond, seconds } = SIZES[size];
    const load = new Load({ url: pair.url, perSecond });
    await sleep(seconds * 1000);
    const ledger = await load.stop();
    const count = `${ledger.entries.length} requests`;
    const failed = ledger.failed.length;
    stage.check("proxy: requests that fail", "0", failed === 0, count, ledger.summary());
    stage.check("proxy: connections to it", "0", asked === 0, count, String(asked));
    await checkLedger(stage, "proxy", ledger, pair);
  },
};
