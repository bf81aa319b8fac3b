/** Gateways and auxes as real processes, in front of the AWS stand-in, with a balancer before each. */
import { LOCAL_AWS } from "@airlock/local-aws";
import type { Stage } from "../scenario.ts";
import { ask } from "./ask.ts";
import { AwsControl } from "./aws-control.ts";
import { Balancer } from "./balancer.ts";
import { type ServiceProcess, startProcess } from "./service-process.ts";

export interface PairOptions {
  readonly gateways?: number;
  readonly auxes?: number;
  readonly drainDelaySeconds?: number;
  readonly gatewayEnv?: Readonly<Record<string, string>>;
  readonly auxEnv?: Readonly<Record<string, string>>;
  /** Values that are there beside the seed. */
  readonly parameters?: number;
  /** The gateway asks the first aux itself, not the balancer. */
  readonly isDirect?: boolean;
}

/** The value of a planted parameter tells its name, so that a mixed-up answer shows. */
export const plantedName = (index: number): string => `/load/group-${index % 7}/p-${index}`;
export const plantedValue = (index: number): string => `value of ${plantedName(index)}`;

/** Settings of an aux that asks AWS for every value, as often as anybody wants it. */
export const NO_CACHE = {
  CACHE_FRESH_SECONDS: "0",
  CACHE_STALE_SECONDS: "0",
  SSM_CALLS_PER_SECOND: "1000",
  SSM_DESCRIBE_CALLS_PER_SECOND: "1000",
} as const;

export class Pair {
  readonly aws: AwsControl;
  readonly localAws: ServiceProcess;
  readonly gateways: ServiceProcess[] = [];
  readonly auxes: ServiceProcess[] = [];
  /** Every process that there ever was, for their logs. */
  readonly all: ServiceProcess[] = [];
  readonly front: Balancer;
  readonly middle: Balancer;
  readonly #stage: Stage;
  readonly #options: PairOptions;

  constructor(
    stage: Stage,
    options: PairOptions,
    localAws: ServiceProcess,
    front: Balancer,
    middle: Balancer,
  ) {
    this.#stage = stage;
    this.#options = options;
    this.localAws = localAws;
    this.aws = new AwsControl(localAws.url);
    this.front = front;
    this.middle = middle;
    this.all.push(localAws);
  }

  /** Where clients go. */
  get url(): string {
    return this.front.url;
  }

  get gateway(): ServiceProcess {
    return first(this.gateways);
  }

  get aux(): ServiceProcess {
    return first(this.auxes);
  }

  /** Starts one more aux and sends it traffic. */
  async addAux(readyPath = "/readyz"): Promise<ServiceProcess> {
    const env = {
      ...this.#common("aux"),
      AWS_REGION: LOCAL_AWS.region,
      AWS_ENDPOINT_URL: this.localAws.url,
      AWS_ACCESS_KEY_ID: LOCAL_AWS.baseAccessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_AWS.baseSecretAccessKey,
      AWS_ROLE_ARN: LOCAL_AWS.roleArn,
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
      AWS_EC2_METADATA_DISABLED: "true",
      ...this.#options.auxEnv,
    };
    const aux = await startProcess(this.#stage, "aux", env, readyPath);
    this.auxes.push(aux);
    this.all.push(aux);
    this.middle.add(aux);
    return aux;
  }

  /** Starts one more gateway and sends it traffic. */
  async addGateway(moreEnv: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    const env = {
      ...this.#common("gateway"),
      AUX_SERVICE_URL: this.#options.isDirect ? this.aux.url : this.middle.url,
      ...this.#options.gatewayEnv,
      ...moreEnv,
    };
    const gateway = await startProcess(this.#stage, "gateway", env, "/readyz");
    this.gateways.push(gateway);
    this.all.push(gateway);
    this.front.add(gateway);
    return gateway;
  }

  /** The first requests of a process are slow ones, while its code is compiled. */
  async warmUp(requests = 60): Promise<void> {
    for (let n = 0; n < requests; n++) await ask(this.url, "/config/my-parameter");
  }

  #common(name: string): Record<string, string> {
    return {
      SERVICE_NAME: name,
      ENVIRONMENT: "dev",
      DRAIN_DELAY_SECONDS: String(this.#options.drainDelaySeconds ?? 0),
    };
  }
}

function first(processes: readonly ServiceProcess[]): ServiceProcess {
  const [process] = processes;
  if (!process) throw new Error("no such process was started");
  return process;
}

/** The stand-in with its balancers and planted values, no service yet. */
export async function prepare(stage: Stage, options: PairOptions = {}): Promise<Pair> {
  const localAws = await startProcess(
    stage,
    "local-aws",
    { LOG_LEVEL: "warn" },
    "/_control/health",
  );
  const pair = new Pair(
    stage,
    options,
    localAws,
    await Balancer.start(stage),
    await Balancer.start(stage),
  );
  const count = options.parameters ?? 200;
  const planted = Array.from({ length: count }, (_, index) => ({
    name: plantedName(index),
    value: plantedValue(index),
  }));
  if (count > 0) await pair.aws.parameters(planted);
  return pair;
}

export async function startPair(stage: Stage, options: PairOptions = {}): Promise<Pair> {
  const pair = await prepare(stage, options);
  const { auxes = 1, gateways = 1 } = options;
  const added = Array.from({ length: auxes }, () => pair.addAux());
  // only then is it known where the first aux is
  if (options.isDirect) await Promise.all(added);
  await Promise.all([...added, ...Array.from({ length: gateways }, () => pair.addGateway())]);
  await pair.warmUp();
  return pair;
}
