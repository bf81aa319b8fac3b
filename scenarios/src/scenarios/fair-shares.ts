/** Trees, lists, waits and slow downloads of some callers: another one's cold reads are served all the same. */
import { ask } from "../rig/ask.ts";
import { playCluster } from "../rig/cluster.ts";
import { type Pair, plantedName, startPair } from "../rig/pair.ts";
import { type SlowReader, startSlowReader } from "../rig/slow-reader.ts";
import { sleep, until } from "../rig/waiting.ts";
import type { Scenario, SizeName, Stage } from "../scenario.ts";

const SIZES = {
  test: { trees: 20, names: 20, waits: 40, readers: 20, reads: 8 },
  soak: { trees: 20, names: 60, waits: 300, readers: 200, reads: 20 },
} as const;
/** As many share the waits, and as many the downloads: the gateway gives each 100 and 50. */
const CALLERS = 5;
const BUCKET = "airlock-data-dev";
const SMALL = `/storage/${BUCKET}/readme.txt`;
const LARGE = "slow.bin";
/** More than the sockets on the way hold for a client that reads nothing, and no more than the kernel has for 200. */
const LARGE_BYTES = 8 * 2 ** 20;
const BYTES_PER_SECOND = 375;
const READERS_AT_ONCE = 8;
const EVERY_MS = 300;

type Headers = Readonly<Record<string, string>>;
type HeadersOf = (caller: string) => Promise<Headers>;
type Sizes = (typeof SIZES)[SizeName];

interface World {
  readonly stage: Stage;
  readonly pair: Pair;
  readonly headersOf: HeadersOf;
  readonly sizes: Sizes;
}

export const fairShares: Scenario = {
  name: "fair-shares",
  isSoakOnly: true,
  how: `20 callers with a tree of 60 names each (20 in tests), one that polls lists while DescribeParameters is throttled, 300 waits (40) and 200 readers (20) of ${BYTES_PER_SECOND} bytes a second of ${CALLERS} callers each; beside them another caller reads names that nobody has read, and a small object; first alone`,
  async run(size: SizeName, stage: Stage) {
    const sizes = SIZES[size];
    const world = await startWorld(stage, sizes);
    await polite(world, "alone", sizes.waits);
    const stop = await crowd(world);
    try {
      await polite(world, "in the crowd", sizes.waits + sizes.reads);
    } finally {
      await stop();
    }
  },
};

async function startWorld(stage: Stage, sizes: Sizes): Promise<World> {
  const cluster = await playCluster(stage);
  const pair = await startPair(stage, {
    parameters: sizes.waits + 2 * sizes.reads,
    isDirect: true,
    auxEnv: cluster.auxEnv,
    gatewayEnv: {
      ...cluster.gatewayEnv,
      GATEWAY_AUTH: "jwt",
      GATEWAY_JWT_ISSUER: cluster.issuer.issuer,
      GATEWAY_JWT_JWKS_TOKEN_FILE: cluster.issuer.readerTokenFile,
      GATEWAY_JWT_AUDIENCE: "airlock",
    },
  });
  await pair.aws.bigObject(BUCKET, LARGE, LARGE_BYTES);
  const names = Array.from({ length: sizes.names }, (_, i) => `p-${i}`);
  for (let tree = 0; tree < sizes.trees; tree++) {
    await pair.aws.parameters(
      names.map((name) => ({ name: `/trees/t-${tree}/${name}`, value: "v" })),
    );
  }
  await pair.aws.faults(
    { kind: "sharedRate", perSecond: 40 },
    { kind: "describeRate", perSecond: 1 },
    { kind: "throttle", service: "ssm", operation: "DescribeParameters", rate: 0.3 },
  );
  const headersOf = async (sub: string) => ({
    authorization: `Bearer ${await cluster.issuer.mint({ sub, aud: "airlock" })}`,
  });
  return { stage, pair, headersOf, sizes };
}

/** Cold names and a small object, one after the other. */
async function polite(
  { stage, pair, headersOf, sizes: { reads } }: World,
  title: string,
  firstName: number,
): Promise<void> {
  const headers = await headersOf("polite");
  const count = `${reads} requests`;
  const asked = { name: [] as number[], object: [] as number[] };
  const wrong: string[] = [];
  for (let i = 0; i < reads; i++) {
    for (const kind of ["name", "object"] as const) {
      const path = kind === "name" ? `/config/${plantedName(firstName + i)}` : SMALL;
      const { status, body, error, tookMs } = await ask(pair.gateway.url, path, { headers });
      asked[kind].push(tookMs);
      if (status !== 200) wrong.push(`${kind} ${error ?? `${status} ${codeOf(body)}`}`);
    }
    await sleep(EVERY_MS);
  }
  const outcome = wrong.join() || "0";
  stage.check(
    `${title}: cold names and a small object, not 200`,
    "0",
    wrong.length === 0,
    `2 × ${count}`,
    outcome,
  );
  for (const [kind, tookMs] of Object.entries(asked)) {
    tookMs.sort((a, b) => a - b);
    const [median, slowest] = [tookMs[reads >> 1] ?? 0, tookMs.at(-1) ?? 0];
    const result = `${Math.round(median)} ms, ${Math.round(slowest)} ms`;
    stage.note(`${title}: ${kind}, median and slowest`, count, result);
  }
}

const codeOf = (body: string): string => /"code":"(\w+)"/.exec(body)?.[1] ?? "";

/** All of the others at once, for as long as they are not stopped. */
async function crowd(world: World): Promise<() => Promise<void>> {
  const { pair, headersOf, sizes } = world;
  const { url } = pair.gateway;
  let isOver = false;
  const loops: Promise<void>[] = [];
  const again = async (caller: string, path: string, more: Headers = {}) => {
    const headers = { ...(await headersOf(caller)), ...more };
    while (!isOver) {
      const { status } = await ask(url, path, { headers, limitMs: 30_000 });
      await sleep(status === 200 || status === 304 ? 100 : 1000); // as Retry-After says, at the least
    }
  };
  for (let i = 0; i < sizes.waits; i++) {
    const caller = `waiting ${i % CALLERS}`;
    const path = `/config/${plantedName(i)}`;
    const { headers } = await ask(url, path, { headers: await headersOf(caller) });
    loops.push(again(caller, `${path}?wait=5s`, { "if-none-match": String(headers.etag) }));
  }
  for (let i = 0; i < sizes.trees; i++) {
    const fresh = { "cache-control": "no-cache" };
    loops.push(again(`tree ${i}`, `/config?path=/trees/t-${i}&recursive=true`, fresh));
  }
  loops.push(again("lists", "/config?prefix=/load/", { "cache-control": "no-cache" }));
  const stopReading = await readSlowly(world);
  return async () => {
    isOver = true;
    await Promise.all([stopReading(), ...loops]);
  };
}

/** Who has lost a download begins another one. Resolves when all have begun and the bytes that fill the sockets have moved. */
async function readSlowly({ stage, pair, headersOf, sizes }: World): Promise<() => Promise<void>> {
  const { gateway, aux } = pair;
  const path = `/storage/${BUCKET}/${LARGE}`;
  const readers = new Map<number, SlowReader>();
  const keepReading = async (i: number) => {
    const { authorization } = await headersOf(`slow ${i % CALLERS}`);
    const head = `host: localhost\r\nauthorization: ${authorization}\r\nconnection: close`;
    const bytes = `GET ${path} HTTP/1.1\r\n${head}\r\n\r\n`;
    const { port } = gateway;
    readers.set(i, startSlowReader({ port, bytes, bytesPerSecond: BYTES_PER_SECOND }));
  };
  const reading = () =>
    [...readers.values()].filter((one) => one.status === 200 && one.endedAfterMs === undefined);
  let isOver = false;
  const keepAll = async () => {
    while (!isOver) {
      const missing = Array.from({ length: sizes.readers }, (_, i) => i).filter(
        (i) => readers.get(i)?.endedAfterMs !== undefined || !readers.has(i),
      );
      await Promise.all(missing.slice(0, READERS_AT_ONCE).map(keepReading));
      await sleep(EVERY_MS);
    }
  };
  const kept = keepAll();
  const haveBegun = async () =>
    reading().length === sizes.readers && (await ask(gateway.url, "/livez")).tookMs < 50;
  await until("all downloads have begun, and nothing moves", haveBegun, 60_000, EVERY_MS);
  const held = await aux.metric("airlock_http_requests_waiting", 'kind="stream"');
  stage.note("slow downloads that aux holds", `${sizes.readers} downloads`, String(held));
  return async () => {
    isOver = true;
    await kept;
    for (const one of readers.values()) one.end();
  };
}
