/** aux and gateway from these sources, on AWS's protocols as somebody else speaks them. */
import { type Children, freePorts, untilUp } from "./children.ts";

const NODE = ["--conditions=airlock-source", "--enable-source-maps"];
const COMMON = {
  ENVIRONMENT: "dev",
  HOST: "127.0.0.1",
  LOG_LEVEL: "error",
  DRAIN_DELAY_SECONDS: "0",
};
const POLICY = "acceptance/moto/access-policy.yaml";

/** @param aws the settings of aux that say where AWS is. @returns the address of the gateway. */
export async function startPair(
  children: Children,
  aws: Readonly<Record<string, string>>,
): Promise<string> {
  const [aux, gateway, auxMetrics, gatewayMetrics] = await freePorts(4);
  children.run(process.execPath, [...NODE, "services/aux/src/main.ts"], {
    ...COMMON,
    ...aws,
    ACCESS_POLICY_FILE: POLICY,
    PORT: String(aux),
    METRICS_PORT: String(auxMetrics),
  });
  children.run(process.execPath, [...NODE, "services/gateway/src/main.ts"], {
    ...COMMON,
    PORT: String(gateway),
    METRICS_PORT: String(gatewayMetrics),
    AUX_SERVICE_URL: `http://127.0.0.1:${aux}`,
  });
  const url = `http://127.0.0.1:${gateway}`;
  await untilUp(`http://127.0.0.1:${aux}/readyz`);
  await untilUp(`${url}/readyz`);
  return url;
}
