/** A proxy of this machine with the configuration that docs/behind-a-proxy.md prints, on loopback. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programIn } from "../../../scripts/src/documents/program-in.ts";
import { freePort } from "../rig/free-port.ts";
import { until } from "../rig/waiting.ts";
import type { Stage } from "../scenario.ts";

const DOCUMENT = "docs/behind-a-proxy.md";

export interface Proxy {
  readonly name: string;
  readonly program: string;
  /** Of its block in the document. */
  readonly language: string;
  /** What is written in the document, and what it is here: `PORT` and `FOLDER` are put in. */
  readonly changes: readonly (readonly [string, string])[];
  /** What the distribution's own configuration has around the block; `BLOCK` is where it stands. */
  readonly around?: string;
  args(file: string): readonly string[];
}

const APACHE_MODULES = [
  ...["mpm_event", "authz_core", "proxy", "proxy_http", "proxy_balancer", "lbmethod_byrequests"],
  ...["slotmem_shm", "rewrite", "filter", "deflate"],
];
const APACHE_FOLDER = "/usr/lib/apache2/modules";

const PROXIES: readonly Proxy[] = [
  {
    name: "nginx",
    program: "nginx",
    language: "nginx",
    changes: [
      ["listen 80;", "listen 127.0.0.1:PORT;"],
      ["/run/nginx.pid", "FOLDER/pid"],
      ["/var/log/nginx", "FOLDER"],
    ],
    args: (file) => ["-c", file, "-g", "daemon off;"],
  },
  {
    name: "haproxy",
    program: "haproxy",
    language: "haproxy",
    changes: [["bind :80", "bind 127.0.0.1:PORT"]],
    args: (file) => ["-db", "-f", file],
  },
  {
    name: "apache2",
    program: "apache2",
    language: "apache",
    changes: [
      ["*:80", "127.0.0.1:PORT"],
      ["/var/log/apache2", "FOLDER"],
    ],
    around: [
      "ServerRoot FOLDER",
      "DefaultRuntimeDir FOLDER",
      "PidFile FOLDER/pid",
      "ErrorLog FOLDER/error.log",
      "ServerName localhost",
      ...APACHE_MODULES.map((name) => `LoadModule ${name}_module ${APACHE_FOLDER}/mod_${name}.so`),
      "Listen 127.0.0.1:PORT",
      "User www-data",
      "Group www-data",
      "SetOutputFilter DEFLATE",
      "BLOCK",
    ].join("\n"),
    args: (file) => ["-f", file, "-DFOREGROUND"],
  },
];

/** @param only names; undefined means all. */
export function findProxies(only: readonly string[] | undefined) {
  const unknown = only?.find((name) => PROXIES.every((proxy) => proxy.name !== name));
  if (unknown !== undefined) throw new Error(`there is no proxy ${unknown}`);
  const chosen = PROXIES.filter(({ name }) => only?.includes(name) ?? true);
  const isThere = ({ program }: Proxy) => spawnSync(program, ["-v"]).error === undefined;
  return { found: chosen.filter(isThere), absent: chosen.filter((proxy) => !isThere(proxy)) };
}

/** Where clients go. */
export interface Door {
  readonly name: string;
  readonly url: string;
  /** Bytes that lie in its folder, but for its logs and configuration. */
  spooledBytes(): Promise<number>;
}

/** @param gateways the ports of both. */
export async function startProxy(
  stage: Stage,
  { name, program, language, changes, around = "BLOCK", args }: Proxy,
  gateways: readonly [number, number],
): Promise<Door> {
  const folder = await mkdtemp(join(tmpdir(), "airlock-proxy-"));
  stage.defer(() => rm(folder, { recursive: true, force: true }));
  const port = await freePort();
  const file = join(folder, "proxy.conf");
  let block = await programIn(DOCUMENT, language);
  for (const [written, here] of [
    ...changes,
    ["gateway-1.example.com:8080", `127.0.0.1:${gateways[0]}`],
    ["gateway-2.example.com:8080", `127.0.0.1:${gateways[1]}`],
  ] as const) {
    if (!block.includes(written)) throw new Error(`${DOCUMENT}, ${language}: no ${written}`);
    block = block.replaceAll(written, here);
  }
  const text = around.replace("BLOCK", () => block);
  await mkdir(folder, { recursive: true });
  await writeFile(file, text.replaceAll("FOLDER", folder).replaceAll("PORT", String(port)));
  const child = spawn(program, args(file), { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (more: string) => {
    said = (said + more).slice(-4000);
  });
  const exited = once(child, "exit");
  stage.defer(() => endOf(child, exited));
  const url = `http://127.0.0.1:${port}`;
  await until(`${name} answers`, async () => {
    if (child.exitCode !== null) throw new Error(`${name} did not start: ${said}`);
    const answer = await fetch(`${url}/livez`).catch(() => undefined);
    await answer?.arrayBuffer();
    return answer?.status === 200;
  });
  return { name, url, spooledBytes: () => spooledIn(folder, file) };
}

async function endOf(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  await exited;
}

async function spooledIn(folder: string, file: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || path === file || /\.log$|\/pid$/.test(path)) continue;
    bytes += (await stat(path)).size;
  }
  return bytes;
}
