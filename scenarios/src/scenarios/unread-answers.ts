/** Clients that pipeline thousands of requests, or ask for much, and read nothing or next to nothing. */
import { createLocalIssuer } from "@airlock/local-issuer";
import { type Asked, ask } from "../rig/ask.ts";
import { startJobs } from "../rig/jobs.ts";
import { addPeople } from "../rig/jobs-people.ts";
import { type Pair, plantedName, startPair } from "../rig/pair.ts";
import type { ServiceProcess } from "../rig/service-process.ts";
import { type SlowReader, type SlowReaderOptions, startSlowReader } from "../rig/slow-reader.ts";
import { sleep, until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";
import { insertJobs } from "./jobs-lists.ts";

const MIB = 2 ** 20;
/** More in tests, where other processes come and go beside it. */
const ALLOWED_MIB = { test: 64, soak: 32 } as const;
/** From the first byte to the end of the last connection. */
const LIMIT_MS = { whole: 15_000, streaming: 45_000 } as const;
/** What a peer takes before it reads no more. */
const BUFFERED_BYTES = 8 * MIB;
/** In which it has taken them. */
const BUFFERING_MS = 60_000;
const BUCKET = "airlock-data-dev";
const OBJECT = "unread.bin";
const LIST = "?prefix=/unread/";
/** The largest page. */
const JOBS = 500;
const TEST_CONNECTIONS = 2;
/** Between two requests of a victim. */
const VICTIM_PAUSE_MS = { test: 250, soak: 100 } as const;

export const unreadAnswers: Scenario = {
  name: "unread-answers",
  how: "one connection, 20, and of lists 60, at gateway, aux and jobs: each pipelines thousands of requests without credentials, or asks for lists of 1 MiB or an object of 64 MiB, and reads nothing, 300 bytes a second, or nothing after 8 MiB that its peer has buffered; in tests seven forms at once, 2 connections of each (1 of thousands). Beside them two clients ask at each service, with and without credentials",
  run: runUnreadAnswers,
};

interface Form {
  readonly title: string;
  readonly at: ServiceProcess;
  readonly kind: keyof typeof LIMIT_MS;
  readonly bytes: string;
  readonly connections: number;
  /** Tests leave it out. */
  readonly isSoakOnly?: true;
  readonly reading?: Pick<SlowReaderOptions, "takesBytes" | "bytesPerSecond">;
}

interface Victim {
  readonly title: string;
  readonly ask: () => Promise<Asked>;
  readonly status: number;
}

interface World {
  readonly pair: Pair;
  readonly jobs: ServiceProcess;
  readonly token: string;
  readonly key: string;
  /** Of somebody with a page full of jobs. */
  readonly jobsKey: string;
}

async function runUnreadAnswers(size: SizeName, stage: Stage): Promise<void> {
  const world = await startWorld(stage);
  const victims = new Victims(victimsIn(world), VICTIM_PAUSE_MS[size]);
  stage.defer(() => victims.stop());
  await warmUp(world, size);
  if (size === "test") {
    await attack(stage, size, formsIn(world, size, TEST_CONNECTIONS));
  } else {
    for (const connections of [1, 20, 60]) {
      const forms = formsIn(world, size, connections);
      const isAsked = ({ title }: Form) => connections < 60 || title === "lists";
      for (const form of forms.filter(isAsked)) await attack(stage, size, [form]);
    }
  }
  await victims.stop();
  victims.check(stage);
}

async function startWorld(stage: Stage): Promise<World> {
  const issuer = await createLocalIssuer();
  stage.defer(() => issuer.close());
  // as k8s/base has it: what grows is then what clients hold, and not what the collector leaves lying
  const heapOf = (mib: number) => ({
    NODE_OPTIONS: `--max-old-space-size=${mib} --max-semi-space-size=4`,
  });
  const gatewayEnv = {
    ...heapOf(216),
    GATEWAY_AUTH: "jwt",
    GATEWAY_JWT_ISSUER: issuer.issuer,
    GATEWAY_JWT_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    GATEWAY_JWT_AUDIENCE: "airlock",
  };
  const auxEnv = {
    ...heapOf(270),
    CACHE_FRESH_SECONDS: "3600",
    SSM_CALLS_PER_SECOND: "1000",
    SSM_DESCRIBE_CALLS_PER_SECOND: "1000",
  };
  const [pair, rig] = await Promise.all([
    startPair(stage, { gatewayEnv, auxEnv, isDirect: true }),
    startJobs(stage, { replicas: 1, jobsEnv: heapOf(270) }),
  ]);
  const long = Array.from({ length: 1000 }, (_, n) => ({
    name: `/unread/${"n".repeat(900)}-${n}`,
    value: "x",
  }));
  await pair.aws.parameters(long);
  await pair.aws.bigObject(BUCKET, OBJECT, 64 * MIB);
  const [jobs] = rig.replicas;
  if (!jobs) throw new Error("no jobs was started");
  const [victim, attacker] = await addPeople(rig.db, 2);
  const [key, jobsKey] = [victim?.keys[0], attacker?.keys[0]];
  if (!attacker || key === undefined || jobsKey === undefined) throw new Error("nobody was added");
  await insertJobs(rig.db, [attacker], 0, JOBS);
  const token = await issuer.mint({ sub: "victim", aud: ["airlock"], ttlSeconds: 7200 });
  return { pair, jobs, token, key, jobsKey };
}

/** Tests are at each service's thousands, and at the gateway's lists and objects. */
function formsIn(
  { pair, jobs, token, jobsKey }: World,
  size: SizeName,
  connections: number,
): Form[] {
  const { gateway, aux } = pair;
  const query = `bucket=${BUCKET}&key=${OBJECT}`;
  const listOfJobs = get(`/v1/jobs?limit=${JOBS}`, jobsKey);
  const forms = [
    ...[gateway, aux, jobs].flatMap((at) =>
      thousands({ at, connections: size === "test" ? 1 : connections }, size),
    ),
    ...large({ at: gateway, connections }, `/config${LIST}`, `/storage/${BUCKET}/${OBJECT}`, token),
    ...large({ at: aux, connections }, `/parameters${LIST}`, `/s3/objects?${query}`),
    ofList({ at: jobs, connections, title: "lists", isSoakOnly: true }, listOfJobs, 100),
  ];
  return size === "test" ? forms.filter(({ isSoakOnly }) => !isSoakOnly) : forms;
}

type Where = Pick<Form, "at" | "connections">;

const get = (path: string, credentials?: string): string => {
  const authorization = credentials === undefined ? "" : `Authorization: Bearer ${credentials}\r\n`;
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${authorization}\r\n`;
};

const ofList = (form: Omit<Form, "kind" | "bytes">, request: string, times: number): Form => ({
  ...form,
  kind: "whole",
  bytes: request.repeat(times),
});

/** Small answers, and so many that they fill every buffer on the way. */
function thousands(where: Where, size: SizeName): Form[] {
  // answers of more bytes than any peer here buffers
  const times = size === "test" ? 8000 : 30_000;
  const form = (title: string, path: string, more: Partial<Form> = {}): Form =>
    ofList({ ...where, ...more, title }, get(path), times);
  const takesBytes = BUFFERED_BYTES;
  const isSoakOnly = true;
  return [
    form("GET /a, thousands", "/a"),
    form("GET /%zz, thousands", "/%zz", { isSoakOnly }),
    form("GET /a, 300 B/s", "/a", { isSoakOnly, reading: { bytesPerSecond: 300 } }),
    form("GET /a, behind a peer that buffers", "/a", { isSoakOnly, reading: { takesBytes } }),
  ];
}

function large(where: Where, list: string, object: string, credentials?: string): Form[] {
  const lists = get(list, credentials).repeat(50);
  const objects = get(object, credentials).repeat(5);
  const { name } = where.at;
  const form = (title: string, more: Partial<Form> = {}): Form => ({
    ...where,
    title,
    kind: "whole",
    bytes: lists,
    ...(name !== "gateway" && { isSoakOnly: true }),
    ...more,
  });
  const slow = { bytesPerSecond: 300 };
  return [
    form("lists"),
    form("lists, 300 B/s", { reading: slow }),
    form("lists, behind a peer that buffers", { reading: { takesBytes: BUFFERED_BYTES } }),
    form("objects", { kind: "streaming", bytes: objects }),
    form("objects, 300 B/s", {
      kind: "streaming",
      bytes: objects,
      reading: slow,
      isSoakOnly: true,
    }),
  ];
}

function victimsIn({ pair, jobs, token, key }: World): Victim[] {
  const bearer = (credentials: string) => ({ headers: { authorization: `Bearer ${credentials}` } });
  const { gateway, aux } = pair;
  const value = plantedName(1);
  return [
    {
      title: "gateway, with a token",
      ask: () => ask(gateway.url, `/config/${value}`, bearer(token)),
      status: 200,
    },
    { title: "gateway, without", ask: () => ask(gateway.url, `/config/${value}`), status: 401 },
    { title: "aux", ask: () => ask(aux.url, `/parameters${value}`), status: 200 },
    { title: "jobs, with a key", ask: () => ask(jobs.url, "/v1/jobs", bearer(key)), status: 200 },
    { title: "jobs, without", ask: () => ask(jobs.url, "/v1/jobs"), status: 401 },
  ];
}

/** Clients as they should be, each with a request every now and then. */
class Victims {
  readonly #victims: readonly Victim[];
  readonly #pauseMs: number;
  readonly #asking: Promise<void>[];
  readonly #seen = new Map<Victim, number[]>();
  #isStopped = false;

  constructor(victims: readonly Victim[], pauseMs: number) {
    this.#victims = victims;
    this.#pauseMs = pauseMs;
    this.#asking = victims.map((victim) => this.#ask(victim));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#asking);
  }

  check(stage: Stage): void {
    for (const victim of this.#victims) {
      const statuses = this.#seen.get(victim) ?? [];
      const wrong = statuses.filter((status) => status !== victim.status);
      stage.check(
        `victims: ${victim.title}`,
        `all ${victim.status}`,
        wrong.length === 0 && statuses.length > 0,
        `${statuses.length} requests`,
        wrong.length === 0 ? "all" : `${wrong.length} other: ${[...new Set(wrong)]}`,
      );
    }
  }

  async #ask(victim: Victim): Promise<void> {
    const statuses: number[] = [];
    this.#seen.set(victim, statuses);
    while (!this.#isStopped) {
      statuses.push((await victim.ask()).status);
      await sleep(this.#pauseMs);
    }
  }
}

/** As many answers as bring the memory of each process to where it stays under load, or near it in tests. */
const WARM_ROUNDS = { test: 15, soak: 60 } as const;

async function warmUp(world: World, size: SizeName): Promise<void> {
  const warm = new Set<string>();
  for (const { at, bytes } of formsIn(world, size, 1)) {
    const [line = ""] = bytes.split("\r\n", 1);
    const path = line.split(" ")[1] ?? "/";
    if (path.includes(OBJECT) || warm.has(at.url + path)) continue;
    warm.add(at.url + path);
    const authorization = /Authorization: ([^\r]+)/.exec(bytes)?.[1];
    const headers = authorization === undefined ? {} : { authorization };
    for (let n = 0; n < WARM_ROUNDS[size]; n++) {
      await Promise.all(Array.from({ length: 8 }, () => ask(at.url, path, { headers })));
    }
  }
}

/** All forms at the same time. */
async function attack(stage: Stage, size: SizeName, forms: readonly Form[]): Promise<void> {
  const services = [...new Set(forms.map(({ at }) => at))];
  const before = await Promise.all(services.map((service) => service.rssBytes()));
  const peaks = [...before];
  const running = forms.map((form) => ({
    form,
    clients: Array.from({ length: form.connections }, () =>
      startSlowReader({ port: form.at.port, bytes: form.bytes, ...form.reading }),
    ),
  }));
  const clients = running.flatMap((one) => one.clients);
  stage.defer(() => clients.forEach((client) => void client.end()));
  const isBuffered = forms.some(({ reading }) => reading?.takesBytes !== undefined);
  const limitMs =
    2 * Math.max(...forms.map(({ kind }) => LIMIT_MS[kind])) + (isBuffered ? BUFFERING_MS : 0);
  const isOver = async () => {
    for (const [n, service] of services.entries()) {
      peaks[n] = Math.max(peaks[n] ?? 0, await service.rssBytes());
    }
    return clients.every(({ endedAfterMs }) => endedAfterMs !== undefined);
  };
  await until("every client has lost its connection", isOver, limitMs, 100).catch(() => {});
  for (const { form, clients: own } of running) tell(stage, form, own);
  for (const [n, { name }] of services.entries()) {
    const grownMib = ((peaks[n] ?? 0) - (before[n] ?? 0)) / MIB;
    const what = forms.length === 1 ? `${forms[0]?.title} at ${name}` : name;
    const count = `${clients.length} connections`;
    const promise = `< ${ALLOWED_MIB[size]} MiB more`;
    const isKept = grownMib < ALLOWED_MIB[size];
    stage.check(`${what}: memory`, promise, isKept, count, `+ ${grownMib.toFixed(0)} MiB`);
  }
  for (const client of clients) client.end();
}

function tell(stage: Stage, { title, at, kind }: Form, clients: readonly SlowReader[]): void {
  const slowest = Math.max(
    ...clients.map(({ endedAfterMs = Number.POSITIVE_INFINITY }) => endedAfterMs),
  );
  const count = `${clients.length} connections`;
  stage.within(`${title} at ${at.name}: the last connection ended`, LIMIT_MS[kind], slowest, count);
}
