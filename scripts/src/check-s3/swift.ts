/** A Swift of this check alone, in a folder that goes with it. */
import { mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import path from "node:path";
import { type Children, freePorts, untilUp } from "../acceptance/children.ts";
import { OF_SWIFT } from "./exceptions.ts";
import type { RunningS3, S3Server } from "./server.ts";
import {
  proxyConf,
  SWIFT_CONF,
  SWIFT_STORES,
  SWIFT_USER,
  type SwiftStore,
  storeConf,
} from "./swift-files.ts";

const RINGS = "swift-ring-builder";

export const SWIFT: S3Server = {
  name: "Swift",
  programs: [RINGS, ...["proxy", ...SWIFT_STORES].map((service) => `swift-${service}-server`)],
  exceptions: OF_SWIFT,
  start: startSwift,
};

/** @param folder on a disk that has extended attributes. */
async function startSwift(children: Children, folder: string, region: string): Promise<RunningS3> {
  const place = { folder, region, user: userInfo().username };
  const [proxy = 0, ...ports] = await freePorts(1 + SWIFT_STORES.length);
  await mkdir(path.join(folder, "disks", "one"), { recursive: true });
  await writeFile(path.join(folder, "swift.conf"), SWIFT_CONF);
  for (const [index, store] of SWIFT_STORES.entries()) {
    const port = ports[index] ?? 0;
    await makeRing(children, folder, store, port);
    await startService(children, folder, store, storeConf(place, store, port));
  }
  await startService(children, folder, "proxy", proxyConf(place, proxy));
  const endpoint = `http://127.0.0.1:${proxy}`;
  for (const port of ports) await untilUp(`http://127.0.0.1:${port}/`, () => true);
  await untilUp(`${endpoint}/info`);
  const { swift } = (await (await fetch(`${endpoint}/info`)).json()) as {
    swift: { version: string };
  };
  const { account, name, key } = SWIFT_USER;
  const accessKeyId = `${account}:${name}`;
  return { endpoint, version: swift.version, accessKeyId, secretAccessKey: key };
}

async function startService(children: Children, folder: string, service: string, conf: string) {
  const file = path.join(folder, `${service}.conf`);
  await writeFile(file, conf);
  children.run(`swift-${service}-server`, [file]);
}

/** Says on which disk everything of one kind is: on the only one. */
async function makeRing(
  children: Children,
  folder: string,
  store: SwiftStore,
  port: number,
): Promise<void> {
  const file = path.join(folder, `${store}.builder`);
  // 1 is a warning, as of a ring that is not spread over several machines
  const build = (...words: string[]) => children.ask(RINGS, [file, ...words], [0, 1]);
  await build("create", "1", "1", "0");
  await build("add", `r1z1-127.0.0.1:${port}/one`, "1");
  await build("rebalance");
}
