/** What is in a snapshot is listed: by a pod on a volume that is made of it, which are cleared away afterwards. */
import { type Listing, moveContent, type OpenSnapshot } from "@airlock/jobs-store";
import { ClusterError, type Pod, unlessThere } from "../cluster/index.ts";
import { cleared, type DiskDeps, type DiskHold, demandWritten, type Look } from "./disk-hold.ts";
import { readerNameOf } from "./disk-names.ts";
import {
  CONTENT_BYTES,
  READER,
  READER_SECONDS,
  readerClaim,
  readerPod,
} from "./reader-manifest.ts";

const AT_ONCE = 0;
const SOON_SECONDS = 2;
const LATER_SECONDS = 10;
/** A pod that nobody starts meets no deadline of its own. */
const LIMIT_SECONDS = READER_SECONDS + 60;

/** @throws ClusterError, StoreError, LeaseLost. */
export async function seeToContent(
  deps: DiskDeps,
  hold: DiskHold,
  snapshot: OpenSnapshot,
): Promise<Look> {
  switch (snapshot.content_state) {
    case "wanted":
      return begin(deps, hold, snapshot);
    case "reading":
      return read(deps, hold, snapshot);
    case "clearing":
      return clearAway(deps, hold, snapshot);
    default:
      return null;
  }
}

/** An older one tells nothing that a newer one does not. */
async function begin(deps: DiskDeps, hold: DiskHold, snapshot: OpenSnapshot): Promise<Look> {
  const isWanted = snapshot.is_newest && snapshot.state === "ready" && deps.rules.readsContent;
  await move(deps, hold, snapshot, { to: isWanted ? "reading" : null });
  return isWanted ? AT_ONCE : null;
}

async function read(deps: DiskDeps, hold: DiskHold, snapshot: OpenSnapshot): Promise<Look> {
  const { cluster } = deps;
  const name = readerNameOf(snapshot.snapshot_id);
  const ageSeconds = snapshot.content_age_seconds ?? 0;
  const giveUp = async (error: string) => {
    await move(deps, hold, snapshot, { to: "clearing", error });
    return AT_ONCE;
  };
  const pod = await cluster.get("pods", name, { timeoutMs: hold.timeoutMs() });
  if (pod?.status.phase === "Succeeded") {
    const query = { container: READER, limitBytes: CONTENT_BYTES };
    const log = await cluster.readLog(name, query, { timeoutMs: hold.timeoutMs() });
    await move(deps, hold, snapshot, { to: "clearing", found: listingOf(log) });
    return AT_ONCE;
  }
  if (pod?.status.phase === "Failed") return giveUp(`the pod that lists it failed: ${whyOf(pod)}`);
  if (ageSeconds > LIMIT_SECONDS) {
    return giveUp(`the pod that lists it did not end in ${LIMIT_SECONDS / 60} minutes`);
  }
  if (pod === undefined) {
    try {
      await makeReader(deps, hold, snapshot);
    } catch (error) {
      if (error instanceof ClusterError && error.isPermanent) return giveUp(error.message);
      throw error;
    }
  }
  return ageSeconds < 60 ? SOON_SECONDS : LATER_SECONDS;
}

async function makeReader(
  { cluster, rules }: DiskDeps,
  hold: DiskHold,
  { snapshot_id: snapshotId, size_gb }: OpenSnapshot,
): Promise<void> {
  const { disk_id: diskId, username: owner, size_gb: diskGb } = hold.disk;
  const wish = { diskId, owner, snapshotId, sizeGb: Math.max(size_gb ?? 1, diskGb ?? 1) };
  const claim = readerClaim(wish, rules);
  const timeoutMs = hold.timeoutMs();
  await unlessThere(cluster.create("persistentvolumeclaims", claim, { timeoutMs }));
  const pod = readerPod(wish, rules);
  await unlessThere(cluster.create("pods", pod, { timeoutMs: hold.timeoutMs() }));
}

async function clearAway(deps: DiskDeps, hold: DiskHold, snapshot: OpenSnapshot): Promise<Look> {
  const { cluster } = deps;
  const name = readerNameOf(snapshot.snapshot_id);
  const pod = await cluster.get("pods", name, { timeoutMs: hold.timeoutMs() });
  const removePod = (uid: string) =>
    cluster.remove("pods", name, uid, { timeoutMs: hold.timeoutMs() });
  if (!(await cleared(pod, removePod))) return SOON_SECONDS;
  const timeoutMs = hold.timeoutMs();
  const claim = await cluster.get("persistentvolumeclaims", name, { timeoutMs });
  const removeClaim = (uid: string) =>
    cluster.remove("persistentvolumeclaims", name, uid, { timeoutMs: hold.timeoutMs() });
  if (!(await cleared(claim, removeClaim))) return SOON_SECONDS;
  await move(deps, hold, snapshot, { to: "done" });
  return null;
}

const move = async (
  { store }: DiskDeps,
  { held }: DiskHold,
  { snapshot_id: snapshotId }: OpenSnapshot,
  moved: Pick<Parameters<typeof moveContent>[1], "to" | "found" | "error">,
): Promise<void> => demandWritten(await moveContent(store.pool, { ...held, snapshotId, ...moved }));

const whyOf = ({ status }: Pod): string => {
  const ended = status.containerStatuses[0]?.state.terminated;
  const words = [status.reason || ended?.reason, status.message || ended?.message];
  return words.filter(Boolean).join(": ") || "no reason was given";
};

const USED = /^\d[\d.]*[BKMGTPE]?$/i;

function listingOf(log: Buffer): Listing {
  const text = boundedText(log);
  const [first = ""] = text.split("\n", 1);
  return { text, used: USED.test(first) ? first : null };
}

/** A character that was cut is longer as a sign of that than it was. */
function boundedText(log: Buffer): string {
  const text = log.subarray(0, CONTENT_BYTES).toString("utf8").replaceAll("\0", "");
  if (Buffer.byteLength(text) <= CONTENT_BYTES) return text;
  const cut = Buffer.from(text).subarray(0, CONTENT_BYTES).toString("utf8");
  return cut.slice(0, cut.lastIndexOf("\n") + 1);
}
