/** The gateway before aux and jobs, enforced, with the cluster's own tokens and keys. */
import { startJobs } from "../../../scenarios/src/rig/jobs.ts";
import { Load } from "../../../scenarios/src/rig/load.ts";
import { prepare } from "../../../scenarios/src/rig/pair.ts";
import type { ServiceProcess } from "../../../scenarios/src/rig/service-process.ts";
import { sleep } from "../../../scenarios/src/rig/waiting.ts";
import type { Stage } from "../../../scenarios/src/scenario.ts";
import { type Accounts, createAccounts } from "./accounts.ts";
import { describeApiServer } from "./api-server.ts";
import { issuerSettings, type Way } from "./issuer-settings.ts";
import { AHEAD_SECONDS, placedEnv, SHORT_SECONDS } from "./placed.ts";
import type { Step } from "./step.ts";
import { DIRECT, expect, expectCounted, foreignToken, THROUGH_GATEWAY } from "./try.ts";

const METRIC = "airlock_layer_auth_checks_total";
const LOAD_MS = 4000;

export const layersBy = (way: Way): Step => ({
  name: `layers-by-${way}`,
  how: `the gateway's account is let in at aux and jobs, everybody else is not; keys by ${way}`,
  async run(cluster, stage) {
    const server = await describeApiServer(cluster.kubectl);
    const accounts = await createAccounts(cluster, stage);
    const trust = await issuerSettings("LAYER_AUTH", way, server, accounts);
    const enforced = (audience: "aux" | "jobs") => ({
      ...trust,
      LAYER_AUTH_MODE: "enforce",
      LAYER_AUTH_AUDIENCE: audience,
      LAYER_AUTH_SUBJECTS: accounts.subjectOf("gateway"),
    });
    const auxEnv: Record<string, string> = enforced("aux");
    const pair = await prepare(stage, { auxEnv });
    const aux = await pair.addAux();
    const { gateway, replicas } = await startJobs(stage, {
      replicas: 1,
      jobsEnv: enforced("jobs"),
      gatewayEnv: {
        AUX_SERVICE_URL: aux.url,
        LAYER_AUTH: "service-account",
        LAYER_TOKEN_FILE: accounts.tokenFiles.aux,
        JOBS_LAYER_TOKEN_FILE: accounts.tokenFiles.jobs,
      },
    });

    await expect(stage, "gateway → aux", 200, gateway.url, THROUGH_GATEWAY.aux);
    await expect(stage, "gateway → jobs", 200, gateway.url, THROUGH_GATEWAY.jobs);
    await checkRefusals(stage, aux, "aux", accounts, server.issuer);
    for (const jobs of replicas) await checkRefusals(stage, jobs, "jobs", accounts, server.issuer);
    await checkRenewal(stage, gateway, accounts);

    Object.assign(auxEnv, placedEnv({ aheadSeconds: AHEAD_SECONDS }));
    await checkExpiry(stage, await pair.addAux(), accounts);
  },
});

/** Asks past the gateway, as anybody in the cluster could without network policies. */
async function checkRefusals(
  stage: Stage,
  service: ServiceProcess,
  audience: "aux" | "jobs",
  { token, subjectOf }: Accounts,
  issuer: string,
): Promise<void> {
  const foreign = await foreignToken(issuer, subjectOf("gateway"), audience);
  const tries: readonly (readonly [string, number, string, string | undefined])[] = [
    ["no proof", 401, "missing", undefined],
    ["another account", 403, "subject", await token("stranger", [audience])],
    ["another audience", 401, "audience", await token("gateway", ["other"])],
    ["a second audience", 401, "audience", await token("gateway", [audience, "other"])],
    ["the API server's audience", 401, "audience", await token("gateway", [])],
    ["another cluster's token", 401, "unknown_key", foreign],
    ["the gateway's account", 200, "verified", await token("gateway", [audience])],
  ];
  for (const [who, status, outcome, proof] of tries) {
    const headers: Record<string, string> = proof === undefined ? {} : { "x-airlock-layer": proof };
    const request = { ...DIRECT[audience], headers };
    const metric = { name: METRIC, outcome };
    await expectCounted(stage, `${audience}, ${who}`, status, service, request, metric);
  }
}

async function checkRenewal(
  stage: Stage,
  gateway: ServiceProcess,
  accounts: Accounts,
): Promise<void> {
  const load = new Load({ url: gateway.url, perSecond: 50 });
  await sleep(LOAD_MS / 4);
  await accounts.renew();
  await sleep(LOAD_MS / 2);
  await accounts.renew();
  await sleep(LOAD_MS / 4);
  const { entries, failed } = await load.stop();
  const count = `${entries.length} requests, 2 renewals`;
  const isKept = failed.length === 0 && entries.length > 0;
  stage.check("tokens renewed under load", "0 failed", isKept, count, `${failed.length} failed`);
}

async function checkExpiry(stage: Stage, aux: ServiceProcess, { token }: Accounts): Promise<void> {
  const short = await token("gateway", ["aux"], SHORT_SECONDS);
  const long = await token("gateway", ["aux"]);
  for (const [who, status, outcome, proof] of [
    ["an expired token", 401, "expired", short],
    ["one that lives longer", 200, "verified", long],
  ] as const) {
    const what = `aux ${AHEAD_SECONDS} s later, ${who}`;
    const request = { ...DIRECT.aux, headers: { "x-airlock-layer": proof } };
    await expectCounted(stage, what, status, aux, request, { name: METRIC, outcome });
  }
}
