/** A watch: what has changed since a version, and from then on what changes, line by line, until its time is over. */
import type { ServerResponse } from "node:http";
import type { WatchFaults } from "../faults/watch-faults.ts";
import { apiVersionOf, KIND_NAMES } from "../kind-names.ts";
import type { StoredObject } from "../objects.ts";
import { expired } from "../refusal.ts";
import type { Change } from "../store.ts";
import type { World } from "../world.ts";
import { selection } from "./read.ts";
import type { Target } from "./target.ts";

/** When a client does not say how long it may take: servers take some minutes more or less. */
const DEFAULT_SECONDS = 1800;

/** Answers, and resolves when it has ended. @throws Refusal before anything is answered. */
export async function watch(
  world: World,
  target: Target,
  query: URLSearchParams,
  response: ServerResponse,
  faults: WatchFaults,
): Promise<void> {
  const { store } = world;
  const matches = selection(target, query);
  const asked = query.get("resourceVersion") ?? "";
  const wantsBookmarks = /^(1|true)$/.test(query.get("allowWatchBookmarks") ?? "");
  const seconds = Number(query.get("timeoutSeconds") ?? 0) || DEFAULT_SECONDS;
  if (faults.isGoneAtOnce) throw expired("The resourceVersion for the provided watch is too old.");

  response.writeHead(200, {
    "content-type": "application/json",
    "cache-control": "no-cache, private",
  });
  response.flushHeaders();
  response.on("error", () => {}); // it has gone: its close says so
  if (faults.dropAfter === 0) return void response.socket?.resetAndDestroy();
  const write = (type: string, object: object) =>
    void response.write(`${JSON.stringify({ type, object })}\n`);
  const from = asked === "" || asked === "0" ? store.version : Number(asked);
  if (from < store.forgotten || faults.isGone) {
    const words = `too old resource version: ${asked} (${store.forgotten})`;
    write("ERROR", expired(words).status);
    response.end();
    return;
  }

  let sent = 0;
  const send = (type: Change["type"], object: StoredObject) => {
    if (faults.isSilent || sent >= faults.dropAfter) return;
    for (let copy = 0; copy < (faults.isTwice ? 2 : 1); copy++) {
      if (faults.delayMs === 0) write(type, object);
      else setTimeout(() => write(type, object), faults.delayMs).unref();
    }
    sent++;
    // what was told arrives, and then its connection ends in the middle of the answer
    if (sent >= faults.dropAfter) response.socket?.destroySoon();
  };
  const tell = (change: Change) => {
    const type = change.kind === target.kind ? seenAs(change, matches) : undefined;
    if (type !== undefined && change.version > from) send(type, change.object);
  };
  if (asked === "" || asked === "0") {
    for (const object of store.all(target.kind)) if (matches(object)) send("ADDED", object);
  }
  for (const change of store.changesAfter(from)) tell(change);

  const stopTelling = store.onChange(tell);
  const bookmark = () => {
    if (!wantsBookmarks || faults.isSilent) return;
    write("BOOKMARK", {
      kind: KIND_NAMES[target.kind],
      apiVersion: apiVersionOf(target.kind),
      metadata: { resourceVersion: String(Math.max(from, store.version)), creationTimestamp: null },
    });
  };
  const bookmarks = setInterval(bookmark, world.bookmarkMs).unref();
  const end = setTimeout(() => {
    if (faults.isSilent) return; // and never ends either: its connection is gone, and nobody has said so
    bookmark();
    response.end();
  }, seconds * 1000).unref();
  await new Promise<void>((resolve) => response.once("close", resolve));
  clearInterval(bookmarks);
  clearTimeout(end);
  stopTelling();
}

/** What comes into a selection is added to it, what leaves it is deleted from it. */
function seenAs({ type, object, before }: Change, matches: (object: StoredObject) => boolean) {
  const was = before !== undefined && matches(before);
  const is = type !== "DELETED" && matches(object);
  if (was && is) return "MODIFIED";
  if (is) return "ADDED";
  return was ? "DELETED" : undefined;
}
