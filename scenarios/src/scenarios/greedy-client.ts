/** One client that wants every wait and every download there is; another one that wants one of each. */
import { type ClientRequest, request } from "node:http";
import { createLocalIssuer } from "@airlock/local-issuer";
import { type Asked, ask } from "../rig/ask.ts";
import { type Pair, plantedName, startPair } from "../rig/pair.ts";
import type { ServiceProcess } from "../rig/service-process.ts";
import { sleep, until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

/** `streams` is what the gateway gives one client: 50 unless told otherwise, each 30 MiB of sockets here. */
const SIZES = {
  test: { waits: 140, spellings: 120, downloads: 10, streams: 4, waitSeconds: 8 },
  soak: { waits: 2000, spellings: 512, downloads: 300, streams: 50, waitSeconds: 60 },
} as const;
/** What a gateway gives one client unless told otherwise. */
const WAITS = 100;
const BUCKET = "airlock-data-dev";
const OBJECT = "greedy.bin";
/** More than all sockets on the way hold for a client that reads nothing. */
const OBJECT_BYTES = 32 * 2 ** 20;
const WAITING = 'kind="wait"';
const STREAMING = 'kind="stream"';

export const greedyClient: Scenario = {
  name: "greedy-client",
  how: "2,000 waits of one address for one name, 512 of one caller that differ in If-None-Match alone, 300 unread downloads of one address (140, 120 and 10 in tests); beside each, another client waits for a change and downloads an object of 32 MiB",
  async run(size: SizeName, stage: Stage) {
    const sizes = SIZES[size];
    const pair = await startPair(stage, {
      gatewayEnv: { TRUST_PROXY: "127.0.0.0/8", STREAMS_PER_CLIENT: String(sizes.streams) },
    });
    await pair.aws.bigObject(BUCKET, OBJECT, OBJECT_BYTES);
    await oneAddress(stage, pair, sizes);
    await unread(stage, pair, sizes);
    await oneCaller(stage, pair, sizes);
  },
};

type Headers = Readonly<Record<string, string>>;
type Sizes = (typeof SIZES)[SizeName];

const fromAddress = (address: string): Headers => ({ "x-forwarded-for": address });
const etagOf = async (url: string, name: string, headers: Headers): Promise<string> =>
  String((await ask(url, `/config/${name}`, { headers })).headers.etag);

/** Many waits of one client; each resolves when its answer is there, refused or not. */
function waitMany(
  url: string,
  count: number,
  seconds: number,
  headersOf: (n: number) => Headers,
): Promise<Asked[]> {
  const path = `/config/${plantedName(0)}?wait=${seconds}s`;
  const limitMs = (seconds + 30) * 1000;
  return Promise.all(
    Array.from({ length: count }, (_, n) => ask(url, path, { headers: headersOf(n), limitMs })),
  );
}

/** Another client is served as if it were alone: it learns of a change, and its download is whole. */
async function checkOther(
  stage: Stage,
  pair: Pair,
  url: string,
  { title, headers, name }: { title: string; headers: Headers; name: string },
): Promise<void> {
  const etag = await etagOf(url, name, headers);
  const waiting = ask(url, `/config/${name}?wait=30s`, {
    headers: { ...headers, "if-none-match": etag },
    limitMs: 60_000,
  });
  const download = await ask(url, `/storage/${BUCKET}/${OBJECT}`, { headers });
  const isWhole = download.status === 200 && download.error === undefined;
  stage.check(`${title}: another's download`, "200, whole", isWhole, "1", String(download.status));
  await sleep(500);
  const changedAt = performance.now();
  await pair.aws.parameters([{ name, value: `new beside ${title}` }]);
  const { status, body } = await waiting;
  const isTold = status === 200 && body.includes(`new beside ${title}`);
  stage.check(`${title}: another's wait`, "200, the change", isTold, "1", String(status));
  stage.within(
    `${title}: another's wait, after the change`,
    4000,
    performance.now() - changedAt,
    "1",
  );
}

function checkRefusals(
  stage: Stage,
  title: string,
  answers: readonly Asked[],
  share: number,
): void {
  const refused = answers.filter(
    ({ status, body }) => status === 429 && body.includes("too_many_at_once"),
  );
  const held = answers.filter(({ status }) => status === 304 || status === 200);
  const isRight = held.length === share && refused.length === answers.length - share;
  const others = answers.filter((one) => !held.includes(one) && !refused.includes(one));
  const codes = new Set(others.map(({ status, error, body }) => error ?? `${status} ${body}`));
  const result = [`${held.length} held, ${refused.length} refused`, ...codes].join("; ");
  stage.check(
    `${title}: held, the rest refused with 429`,
    String(share),
    isRight,
    String(answers.length),
    result,
  );
}

async function oneAddress(stage: Stage, pair: Pair, sizes: Sizes): Promise<void> {
  const { gateway } = pair;
  const title = "waits of one address";
  const attacker = fromAddress("192.0.2.1");
  const etag = await etagOf(pair.url, plantedName(0), attacker);
  const answers = waitMany(pair.url, sizes.waits, sizes.waitSeconds, () => ({
    ...attacker,
    "if-none-match": etag,
  }));
  await untilWaiting(gateway, WAITS);
  const calls = await gateway.metric("airlock_upstream_requests", 'lane="wait",state="running"');
  stage.check(`${title}: calls for them`, "1", calls === 1, String(sizes.waits), String(calls));
  const other = { title, headers: fromAddress("192.0.2.2"), name: plantedName(1) };
  await checkOther(stage, pair, pair.url, other);
  checkRefusals(stage, title, await answers, WAITS);
}

async function oneCaller(stage: Stage, pair: Pair, sizes: Sizes): Promise<void> {
  const issuer = await createLocalIssuer();
  stage.defer(() => issuer.close());
  const gateway = await pair.addGateway({
    GATEWAY_AUTH: "jwt",
    GATEWAY_JWT_ISSUER: issuer.issuer,
    GATEWAY_JWT_JWKS_TOKEN_FILE: issuer.readerTokenFile,
    GATEWAY_JWT_AUDIENCE: "airlock",
  });
  const bearer = async (sub: string): Promise<Headers> => ({
    authorization: `Bearer ${await issuer.mint({ sub, aud: ["airlock"] })}`,
  });
  const title = "waits of one caller";
  const [greedy, modest] = [await bearer("greedy"), await bearer("modest")];
  for (let n = 0; n < 60; n++) await ask(gateway.url, "/config/my-parameter", { headers: modest });
  const etag = await etagOf(gateway.url, plantedName(0), greedy);
  const answers = waitMany(gateway.url, sizes.spellings, sizes.waitSeconds, (n) => ({
    ...greedy,
    "if-none-match": `${etag}, "other-${n}"`,
  }));
  await untilWaiting(gateway, WAITS);
  const other = { title, headers: modest, name: plantedName(2) };
  await checkOther(stage, pair, gateway.url, other);
  checkRefusals(stage, title, await answers, WAITS);
}

async function unread(stage: Stage, pair: Pair, sizes: Sizes): Promise<void> {
  const { gateway } = pair;
  const { downloads: count, streams } = sizes;
  const title = "downloads of one address";
  const headers = fromAddress("192.0.2.3");
  const opened = new Set<ClientRequest>();
  const begun = new Set<ClientRequest>();
  let refused = 0;
  /** Begins a download of which nothing is read. */
  const open = () => {
    const path = `/storage/${BUCKET}/${OBJECT}`;
    const download = request({ port: gateway.port, path, headers, agent: false }, (incoming) => {
      if (incoming.statusCode === 200) return void begun.add(download);
      if (incoming.statusCode === 429) refused++;
      incoming.resume();
    });
    const end = () => opened.delete(download) && begun.delete(download);
    opened.add(download.on("error", end).on("close", end).end());
  };
  const fill = () => {
    // S3 is asked for some at a time, and each first byte has its time limit
    const missing = Math.min(streams - opened.size, 8);
    for (let n = 0; n < missing; n++) open();
    return begun.size === streams;
  };
  await until(`${streams} have begun`, fill, 60_000, 500);
  // until then it is the bytes that keep this machine busy, not what is held
  const isAtRest = async () => (await ask(pair.url, "/config/my-parameter")).tookMs < 200;
  await until("the sockets on the way are full", isAtRest, 60_000, 1000);

  refused = 0;
  for (let n = streams; n < count; n++) open();
  await until("the others are answered", () => refused === count - streams);
  const held = await gateway.metric("airlock_http_requests_waiting", STREAMING);
  const result = `${held} held, ${refused} refused`;
  const isRight = held === streams && begun.size === streams;
  stage.check(`${title}: held, the rest refused`, String(streams), isRight, String(count), result);
  const other = { title, headers: fromAddress("192.0.2.4"), name: plantedName(3) };
  await checkOther(stage, pair, pair.url, other);
  for (const download of opened) download.destroy();
}

/** Until so many wait; a gateway that holds more, or all, is caught when they are answered. */
const untilWaiting = (gateway: ServiceProcess, least: number) =>
  until(
    `${least} wait`,
    async () => (await gateway.metric("airlock_http_requests_waiting", WAITING)) >= least,
    30_000,
  );
