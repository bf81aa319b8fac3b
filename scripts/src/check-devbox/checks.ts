/** What a box promises to whoever logs in: each a name, and what is wrong, if anything is. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeHostKey } from "../../../services/processor/src/access/host-key.ts";
import { type Client, openClient, type Said, TARGET } from "./client.ts";
import type { PlayedPod, PodPlan } from "./played-pod.ts";

export interface Box {
  readonly pod: PlayedPod;
  readonly plan: PodPlan;
  readonly client: Client;
}

/** Undefined: as promised. */
type Outcome = string | undefined;
export type Check = readonly [promise: string, check: (box: Box) => Promise<Outcome>];

export const WORDS = '\'; echo broken "$(date)" $$ $(WORDS)\n`é` ';

const differs = (said: Said, wanted: Partial<Said>): Outcome =>
  Object.entries(wanted).every(([key, value]) => said[key as keyof Said] === value)
    ? undefined
    : JSON.stringify(said);

export const CHECKS: readonly Check[] = [
  [
    "ssh runs a command",
    async ({ client }) => differs(await client.ssh("echo hello"), { code: 0, out: "hello\n" }),
  ],
  [
    "its exit code comes back",
    async ({ client }) => differs(await client.ssh("exit 7"), { code: 7 }),
  ],
  [
    "what it is sent comes back",
    async ({ client }) => {
      const input = randomBytes(300_000).toString("base64");
      return differs(await client.ssh("cat", { input }), { code: 0, out: input }) && "other bytes";
    },
  ],
  [
    "a terminal, of the type that it has here",
    async ({ client }) => {
      const command = 'test -t 0 && test -t 1 && echo "$TERM" && tty';
      const said = await client.ssh(command, { options: ["-tt"], env: { TERM: "xterm-256color" } });
      return said.code === 0 && /^xterm-256color\r\n\/dev\/pts\/\d+\r\n/.test(said.out)
        ? undefined
        : JSON.stringify(said);
    },
  ],
  [
    "a shell that is spoken to",
    async ({ client }) => {
      const said = await client.run("ssh", [TARGET], {
        options: ["-T"],
        input: "cd /tmp\npwd\nexit 5\n",
      });
      return differs(said, { code: 5, out: "/tmp\n" });
    },
  ],
  [
    "the job's variables, byte for byte",
    async ({ client }) => differs(await client.ssh('printf %s "$WORDS"'), { code: 0, out: WORDS }),
  ],
  [
    "home, user and shell",
    async ({ client }) => {
      const said = await client.ssh('echo "$HOME $USER"; pwd; touch ~/written && test -x "$SHELL"');
      return differs(said, { code: 0, out: "/home/dev dev\n/home/dev\n" });
    },
  ],
  [
    "programs that the image lacks",
    async ({ client }) =>
      differs(
        await client.ssh(
          "ls / >/dev/null && id -u >/dev/null && vi --help >/dev/null 2>&1; echo $?",
        ),
        { code: 0, out: "0\n" },
      ),
  ],
  [
    "scp there and back, by both protocols",
    async ({ client }) => {
      const file = join(client.folder, "file");
      await writeFile(file, randomBytes(1_000_000));
      for (const options of [[], ["-O"]]) {
        const there = await client.run("scp", [file, `${TARGET}:/tmp/file`], { options });
        const back = await client.run("scp", [`${TARGET}:/tmp/file`, `${file}-back`], { options });
        if (there.code + back.code !== 0) return JSON.stringify([options, there, back]);
        const sums = await Promise.all([file, `${file}-back`].map(sumOf));
        if (sums[0] !== sums[1]) return "other bytes";
      }
      return undefined;
    },
  ],
  [
    "sftp",
    async ({ client }) => {
      const file = join(client.folder, "file");
      const batch = `put ${file} /home/dev/up\nrename /home/dev/up /home/dev/down\nget /home/dev/down ${file}-sftp\nls -l /home/dev\n`;
      const said = await client.run("sftp", [TARGET], { options: ["-b", "-"], input: batch });
      if (said.code !== 0 || !said.out.includes("down")) return JSON.stringify(said);
      return (await sumOf(file)) === (await sumOf(`${file}-sftp`)) ? undefined : "other bytes";
    },
  ],
  [
    "the agent is forwarded",
    async ({ client }) => {
      const agent = await startAgent(client);
      try {
        const env = { SSH_AUTH_SOCK: agent.socket };
        return differs(await client.ssh('test -S "$SSH_AUTH_SOCK"', { options: ["-A"], env }), {
          code: 0,
        });
      } finally {
        agent.child.kill();
      }
    },
  ],
  ["ports are forwarded to it (-L)", ({ client }) => forwards(client, "-L")],
  ["ports are forwarded from it (-R)", ({ client }) => forwards(client, "-R")],
  [
    "another host's key is refused",
    async ({ plan, pod }) => {
      const stranger = await openClient([makeHostKey().publicKey]);
      try {
        await pod.putFiles({
          ...plan.files,
          authorizedKeys: [...plan.files.authorizedKeys, stranger.key.publicKey],
        });
        const said = await stranger.ssh("true");
        return said.code === 255 &&
          /REMOTE HOST IDENTIFICATION HAS CHANGED|verification failed/.test(said.err)
          ? undefined
          : JSON.stringify(said);
      } finally {
        await stranger.close();
      }
    },
  ],
  [
    "a key that is added opens it, one that is taken away does not",
    async ({ client, plan, pod }) => {
      const known = (await readFile(join(client.folder, "known_hosts"), "utf8"))
        .trim()
        .replace(/^\S+ /, "");
      const friend = await openClient([known]);
      try {
        await pod.putFiles(plan.files);
        const before = await friend.ssh("true");
        await pod.putFiles({
          ...plan.files,
          authorizedKeys: [...plan.files.authorizedKeys, friend.key.publicKey],
        });
        const during = await friend.ssh("true");
        await pod.putFiles(plan.files);
        const after = await friend.ssh("true");
        const codes = [before, during, after].map(({ code }) => code);
        return codes.join() === "255,0,255" ? undefined : JSON.stringify([before, during, after]);
      } finally {
        await friend.close();
      }
    },
  ],
  [
    "nobody else, and no password",
    async ({ client }) => {
      const said = await client.run("ssh", ["root@127.0.0.1", "true"]);
      return said.code === 255 && /\(publickey\)/.test(said.err) ? undefined : JSON.stringify(said);
    },
  ],
  [
    "it runs with the rights that its spec has",
    async ({ client, plan }) => {
      const said = await client.ssh(
        "id -u; sed -n 's/^CapEff:.//p; s/^NoNewPrivs:.//p' /proc/self/status; touch /written 2>/dev/null && echo writable",
      );
      const [uid, capabilities, noNew, writable] = said.out.split("\n");
      const isBare = Number.parseInt(capabilities ?? "", 16) === 0 && noNew === "1";
      const isAsPlanned =
        uid === String(plan.user) &&
        isBare === (plan.security === "restricted") &&
        (writable === "writable") !== plan.isReadOnly;
      return isAsPlanned ? undefined : JSON.stringify(said);
    },
  ],
  [
    "what logins leave behind is no zombie, and no secret is in the log",
    async ({ client, pod }) => {
      await client.ssh("(sleep 0.2 & sleep 0.1 &) ; true");
      await sleep(500);
      const said = await client.ssh("cat /proc/[0-9]*/stat 2>/dev/null | grep -c ' Z ' ; true");
      if (said.out !== "0\n") return JSON.stringify(said);
      const log = await pod.log();
      return log === "" ? undefined : log;
    },
  ],
];

const sumOf = async (file: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(file))
    .digest("hex");

async function startAgent({ folder }: Client): Promise<{ child: ChildProcess; socket: string }> {
  const socket = join(folder, "agent");
  const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  await sleep(300);
  return { child, socket };
}

/** An echo on this side of the machine, reached by a port that ssh opens: container and client share the network here. */
async function forwards(client: Client, way: "-L" | "-R"): Promise<Outcome> {
  const echo = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  const { port } = echo.address() as AddressInfo;
  const opened = await freePort();
  const over = new AbortController();
  const options = [way, `127.0.0.1:${opened}:127.0.0.1:${port}`, "-o", "ExitOnForwardFailure=yes"];
  const ssh = client.ssh("sleep 20", { options, signal: over.signal });
  try {
    for (let tries = 0; tries < 50; tries++) {
      const said = await talk(opened).catch(() => undefined);
      if (said === "ping") return undefined;
      await sleep(100);
    }
    return "nothing came back";
  } finally {
    over.abort();
    await ssh;
    echo.close();
  }
}

const talk = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("error", reject).once("close", () => reject(new Error("closed")));
    socket.once("data", (data) => {
      resolve(data.toString());
      socket.destroy();
    });
    socket.write("ping");
  });

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
