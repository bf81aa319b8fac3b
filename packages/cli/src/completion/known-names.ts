/** Names of jobs, disks, types and keys for completion: asked for at most every 30 s, and never by a login. */
import type { ApiKeys, Availability, Disks, Jobs } from "@airlock/contract";
import { isAway } from "../api/is-away.ts";
import { jsonOf } from "../api/transport.ts";
import type { Context } from "../context.ts";
import { DELETED, onlyDeleted } from "../disks/deleted-disks.ts";
import { privateFolder, readIfThere, writeWhole } from "../files/private-file.ts";
import { LIVE_STATES } from "../jobs/job-states.ts";
import { shortId } from "../jobs/job-view.ts";

const FRESH_MS = 30_000;
/** A shell waits until this process has ended; what is not there by then is not completed. */
const LIMIT_MS = 1000;

export type KnownNames = Readonly<Record<string, readonly string[]>>;

interface Kept {
  readonly at: number;
  readonly api_url: string;
  readonly names: KnownNames;
}

/** Never rejects for a service that is away: there are the names of before then, or none. */
export async function knownNames(context: Context): Promise<KnownNames> {
  const { home, clock } = context;
  const { url } = await context.transport();
  const kept = parse(await readIfThere(home.names));
  const isFresh = kept && kept.api_url === url.href && Math.abs(clock.now() - kept.at) < FRESH_MS;
  if (isFresh) return kept.names;
  const names = await ask(context).catch((error: unknown) => {
    if (!isAway(error)) throw error;
  });
  if (!names) return kept?.names ?? {};
  await privateFolder(home.private);
  await writeWhole(home.names, JSON.stringify({ at: clock.now(), api_url: url.href, names }));
  return names;
}

function parse(text: string | undefined): Kept | undefined {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function ask({ transport, keyCache, env }: Context): Promise<KnownNames | undefined> {
  const { url, send } = await transport();
  const key = env.GPU_DEV_API_KEY || (await keyCache.read(url))?.api_key;
  if (!key) return undefined;
  const headers = { authorization: `Bearer ${key}` };
  const get = async <T>(path: string): Promise<T> =>
    jsonOf<T>(url, await send({ method: "GET", path, headers, timeoutMs: LIMIT_MS }));
  const [jobs, disks, deleted, types, keys] = await Promise.all([
    get<Jobs>(`/v1/jobs?limit=100&status=${LIVE_STATES.join(",")}`),
    get<Disks>("/v1/disks"),
    get<Disks>(DELETED).then(onlyDeleted),
    get<Availability>("/v1/gpu/availability"),
    get<ApiKeys>("/v1/keys"),
  ]);
  const namesOf = (found: Disks) => found.disks.map(({ disk_name }) => disk_name);
  return {
    job: jobs.jobs.map(shortId),
    disk: namesOf(disks),
    "deleted disk": namesOf(deleted),
    "gpu type": Object.keys(types.availability),
    key: keys.keys.map(({ key_prefix }) => key_prefix),
  };
}
