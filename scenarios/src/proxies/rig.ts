/** Two gateways, aux and two replicas of jobs; a gateway that is started anew has the port of the one before. */
import { Balancer } from "../rig/balancer.ts";
import { freePort } from "../rig/free-port.ts";
import { type JobsRig, startJobs } from "../rig/jobs.ts";
import { addPeople } from "../rig/jobs-people.ts";
import { Pair, plantedName, plantedValue } from "../rig/pair.ts";
import { type ServiceProcess, startProcess } from "../rig/service-process.ts";
import type { Stage } from "../scenario.ts";

/** As in k8s/base/gateway: what health checks have to be quicker than. */
export const DRAIN_SECONDS = 5;
const PLANTED = 200;
const USERS = 12;

export interface ProxyRig {
  readonly ports: readonly [number, number];
  readonly jobs: JobsRig;
  readonly pair: Pair;
  /** Of a user each: one has half at most of what all share. */
  readonly keys: readonly string[];
  /** Those that run now, by their place. */
  readonly gateways: ServiceProcess[];
  /** One more on the port of its place. */
  startAnew(place: number): Promise<ServiceProcess>;
}

export async function startRig(stage: Stage): Promise<ProxyRig> {
  const jobs = await startJobs(stage);
  const [front, middle] = [await Balancer.start(stage), await Balancer.start(stage)];
  const pair = new Pair(stage, {}, jobs.localAws, front, middle);
  await pair.addAux();
  await pair.aws.parameters(
    Array.from({ length: PLANTED }, (_, n) => ({ name: plantedName(n), value: plantedValue(n) })),
  );
  const people = await addPeople(jobs.db, USERS);
  const ports = [await freePort(), await freePort()] as const;
  const start = (place: number) => {
    const env = {
      ENVIRONMENT: "dev",
      PORT: String(ports[place]),
      DRAIN_DELAY_SECONDS: String(DRAIN_SECONDS),
      AUX_SERVICE_URL: middle.url,
      JOBS_SERVICE_URL: jobs.jobsUrl,
      TRUST_PROXY: "127.0.0.1",
    };
    return startProcess(stage, "gateway", env, "/readyz");
  };
  const gateways = await Promise.all([start(0), start(1)]);
  return {
    ports,
    jobs,
    pair,
    keys: people.flatMap(({ keys }) => keys),
    gateways,
    async startAnew(place) {
      const gateway = await start(place);
      gateways[place] = gateway;
      return gateway;
    },
  };
}
