/** The outer door for callers inside the cluster: their tokens are the cluster's own. */
import { prepare } from "../../../scenarios/src/rig/pair.ts";
import { until } from "../../../scenarios/src/rig/waiting.ts";
import { createAccounts } from "./accounts.ts";
import { describeApiServer } from "./api-server.ts";
import { issuerSettings, type Way } from "./issuer-settings.ts";
import { AHEAD_SECONDS, placedEnv, SHORT_SECONDS } from "./placed.ts";
import type { Step } from "./step.ts";
import { expectCounted, foreignToken, THROUGH_GATEWAY } from "./try.ts";

const AUDIENCE = "airlock";
const METRIC = "airlock_caller_auth_checks_total";

export const callersBy = (way: Way): Step => ({
  name: `callers-by-${way}`,
  how: `accounts of the cluster are let in at the gateway with GATEWAY_AUTH=jwt; keys by ${way}`,
  async run(cluster, stage) {
    const server = await describeApiServer(cluster.kubectl);
    const { token, subjectOf, ...files } = await createAccounts(cluster, stage);
    const gatewayEnv: Record<string, string> = {
      ...(await issuerSettings("GATEWAY_JWT", way, server, files)),
      GATEWAY_AUTH: "jwt",
      GATEWAY_JWT_AUDIENCE: AUDIENCE,
    };
    const pair = await prepare(stage, { gatewayEnv, isDirect: true });
    await pair.addAux();
    const gateway = await pair.addGateway();
    let log = "";
    gateway.log.onText = (text) => {
      log += text;
    };

    const caller = subjectOf("stranger");
    const short = await token("stranger", [AUDIENCE], SHORT_SECONDS);
    const tries: readonly (readonly [string, number, string, string | undefined])[] = [
      ["no token", 401, "missing", undefined],
      ["a token for aux", 401, "audience", await token("stranger", ["aux"])],
      ["a token for the API server", 401, "audience", await token("stranger", [])],
      [
        "another cluster's token",
        401,
        "unknown_key",
        await foreignToken(server.issuer, caller, AUDIENCE),
      ],
      ["a token for the gateway", 200, "verified", short],
      ["one for others too", 200, "verified", await token("stranger", [AUDIENCE, "other"])],
    ];
    const bearer = (value: string | undefined) => ({
      ...THROUGH_GATEWAY.aux,
      ...(value !== undefined && { headers: { authorization: `Bearer ${value}` } }),
    });
    for (const [who, status, outcome, value] of tries) {
      const metric = { name: METRIC, outcome };
      await expectCounted(stage, `gateway, ${who}`, status, gateway, bearer(value), metric);
    }
    await until("the caller is in the log", () => log.includes(`"caller":"${caller}"`));

    Object.assign(gatewayEnv, placedEnv({ aheadSeconds: AHEAD_SECONDS }));
    const later = await pair.addGateway();
    const what = `gateway ${AHEAD_SECONDS} s later`;
    const long = await token("stranger", [AUDIENCE]);
    for (const [who, status, outcome, value] of [
      ["an expired token", 401, "expired", short],
      ["one that lives longer", 200, "verified", long],
    ] as const) {
      const metric = { name: METRIC, outcome };
      await expectCounted(stage, `${what}, ${who}`, status, later, bearer(value), metric);
    }
  },
});
