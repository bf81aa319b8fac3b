/** A Ceph of this check alone: one monitor, one disk in memory, and the gateway that speaks S3. */
import { randomUUID } from "node:crypto";
import { appendFile, copyFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Children, freePorts, untilUp } from "../acceptance/children.ts";
import { OF_CEPH } from "./exceptions.ts";
import type { RunningS3, S3Server } from "./server.ts";

export const CEPH: S3Server = {
  name: "Ceph",
  programs: [
    ...["ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool"],
    ...["radosgw", "radosgw-admin"],
  ],
  exceptions: OF_CEPH,
  start: startCeph,
};

const KEYS = { accessKeyId: "airlock-check", secretAccessKey: "airlock-check-secret" };
const DISK_LIMIT_MS = 60_000;
const DISK_BYTES = 2 ** 30;

const conf = (folder: string, fsid: string, monitor: string) => `[global]
fsid = ${fsid}
mon initial members = a
mon host = ${monitor}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 2
osd pool default pgp num = 2
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
osd objectstore = memstore
memstore device bytes = ${DISK_BYTES}
run dir = ${folder}
log file = ${folder}/$name.log
admin socket = ${folder}/$name.asok
mon data = ${folder}/mon
osd data = ${folder}/osd
rgw data = ${folder}/rgw
keyring = ${folder}/keyring
`;

async function startCeph(children: Children, folder: string, region: string): Promise<RunningS3> {
  const [second = 0, first = 0, gateway = 0] = await freePorts(3);
  const file = path.join(folder, "ceph.conf");
  const keyring = path.join(folder, "keyring");
  const monmap = path.join(folder, "monmap");
  const fsid = randomUUID();
  const monitor = `[v2:127.0.0.1:${second},v1:127.0.0.1:${first}]`;
  for (const name of ["mon", "osd", "rgw"]) await mkdir(path.join(folder, name));
  await writeFile(file, conf(folder, fsid, monitor));
  const run = (command: string, ...args: string[]) => children.ask(command, args);
  const ceph = (...args: string[]) => run("ceph", "-c", file, ...args);

  await run("ceph-authtool", "-C", keyring, "-n", "mon.", "--gen-key", "--cap", "mon", "allow *");
  const all = ["mon", "osd", "mgr"].flatMap((kind) => ["--cap", kind, "allow *"]);
  await run("ceph-authtool", keyring, "--gen-key", "-n", "client.admin", ...all);
  await run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", monitor, monmap);
  await run("ceph-mon", "-c", file, "-i", "a", "--mkfs", "--monmap", monmap, "--keyring", keyring);
  children.run("ceph-mon", ["-c", file, "-i", "a", "-f"]);

  await ceph("osd", "create");
  const caps = ["mon", "allow profile osd", "osd", "allow *", "mgr", "allow profile osd"];
  await appendFile(keyring, await ceph("auth", "get-or-create", "osd.0", ...caps));
  await run("ceph-osd", "-c", file, "-i", "0", "--mkfs");
  children.run("ceph-osd", ["-c", file, "-i", "0", "-f"]);
  const end = Date.now() + DISK_LIMIT_MS;
  while (!(await ceph("osd", "stat")).includes("1 up")) {
    if (Date.now() > end) throw new Error("the disk of Ceph did not come up");
    await sleep(500);
  }

  await copyFile(keyring, path.join(folder, "rgw", "keyring"));
  const admin = (...args: string[]) => run("radosgw-admin", "-c", file, ...args);
  const keys = [`--access-key=${KEYS.accessKeyId}`, `--secret-key=${KEYS.secretAccessKey}`];
  await admin("user", "create", "--uid=airlock", "--display-name=airlock", ...keys);
  // what LocationConstraint names; the first command has made what this one changes
  await admin("zonegroup", "modify", "--rgw-zonegroup=default", `--api-name=${region}`);
  const frontends = `--rgw-frontends=beast endpoint=127.0.0.1:${gateway}`;
  children.run("radosgw", ["-c", file, "-n", "client.admin", "-f", frontends]);
  const endpoint = `http://127.0.0.1:${gateway}`;
  await untilUp(endpoint);
  const [, version = ""] = /version (\S+)/.exec(await run("radosgw", "--version")) ?? [];
  return { endpoint, version, ...KEYS };
}
