/** Ports of a job through a WebSocket: bytes, ends, refusals, and what is left when somebody leaves. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createWebSocketStream, type WebSocket, WebSocketServer } from "ws";
import { createContext } from "../src/create-context.ts";
import { createOutput } from "../src/output/output.ts";
import { pipeTunnel } from "../src/ssh/pipe-tunnel.ts";
import { openTunnel } from "../src/ssh/tunnel.ts";
import { gpuDevChild } from "./child.ts";
import { gpuDev, JOB, realTransport, temporaryHome } from "./harness.ts";

const KEY = "given-given-given-given";

interface Door {
  readonly url: string;
  /** Requests for tunnels so far. */
  readonly asked: { readonly path: string; readonly key: string | undefined }[];
  readonly sockets: Set<WebSocket>;
}

type OnTunnel = (socket: WebSocket, port: number) => void;
interface DoorOptions {
  readonly onTunnel: OnTunnel;
  /** What the job has besides. */
  readonly job?: object;
  /** What a plain request for a tunnel is told. */
  readonly plain?: readonly [number, object];
  /** A status and a body instead of a tunnel. */
  readonly refuse?: (key: string | undefined) => readonly [number, object] | undefined;
}

/** What jobs and the gateway are for this: one active job, and tunnels to it. */
async function door(t: TestContext, { onTunnel, refuse, job, plain }: DoorOptions): Promise<Door> {
  const server: Server = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    const isJob = request.url === `/v1/jobs/${JOB.job_id}` || request.url === "/v1/jobs/3f2a91bc";
    if (plain && request.url?.endsWith("/tunnel?port=22")) {
      return response.writeHead(plain[0]).end(JSON.stringify(plain[1]));
    }
    if (!isJob) return response.writeHead(404).end('{"detail":"No.","code":"job_not_found"}');
    return response.end(JSON.stringify({ ...JOB, ssh_host_keys: ["ssh-ed25519 AAAA"], ...job }));
  });
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const asked: Door["asked"] = [];
  server.on("upgrade", (request, socket, head) => {
    const key = request.headers.authorization?.replace("Bearer ", "");
    asked.push({ path: request.url ?? "", key });
    const refusal = refuse?.(key);
    if (refusal) {
      const body = JSON.stringify(refusal[1]);
      const lines = [
        `HTTP/1.1 ${refusal[0]} No`,
        "connection: close",
        `content-length: ${body.length}`,
      ];
      return socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
    }
    sockets.handleUpgrade(request, socket, head, (made) => {
      const port = Number(new URL(request.url ?? "", "http://x").searchParams.get("port"));
      onTunnel(made, port);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, sockets: sockets.clients };
}

const echo: OnTunnel = (socket) => {
  const stream = createWebSocketStream(socket);
  stream.on("error", () => {});
  stream.pipe(stream);
};

const envOf = (home: string, { url }: Door) => ({
  HOME: home,
  GPU_DEV_API_URL: url,
  GPU_DEV_API_KEY: KEY,
});

test("proxy joins stdin and stdout to the job's port 22, byte for byte", async (t) => {
  const home = await temporaryHome(t);
  const there = await door(t, { onTunnel: echo });
  const child = gpuDevChild(["proxy", JOB.job_id], envOf(home, there));
  const sent = randomBytes(3 * 1024 * 1024);
  let received = 0;
  child.process.stdout?.on("data", (part: Buffer) => {
    received += part.length;
    if (received === sent.length) for (const socket of there.sockets) socket.close(1000);
  });
  child.process.stdin?.write(sent);
  const { code, err, bytes } = await child.ended;
  assert.equal(code, 0, err);
  const hash = (text: Buffer) => createHash("sha256").update(text).digest("hex");
  assert.equal(hash(bytes), hash(sent));
  assert.deepEqual(there.asked, [{ path: `/v1/jobs/${JOB.job_id}/tunnel?port=22`, key: KEY }]);
});

test("what a job says first is there, though nobody listens yet", async (t) => {
  const home = await temporaryHome(t);
  const there = await door(t, { onTunnel: (socket) => socket.send("SSH-2.0-first\r\n") });
  const session = await contextOf(home, there.url).session();
  const about = { url: new URL(there.url), session, version: "0", id: JOB.job_id };
  for (let time = 0; time < 5; time++) {
    const { stream, close, ended } = await openTunnel({ ...about, port: 22 });
    const end = ended.then(() => []);
    const [first] = await Promise.race([once(stream, "data"), end]);
    assert.equal(String(first), "SSH-2.0-first\r\n");
    close();
    await ended;
  }
});

test("Ctrl-C while a tunnel is opened ends it", async (t) => {
  const home = await temporaryHome(t);
  const interrupted = new AbortController();
  const interrupt = () => void interrupted.abort();
  const there = await door(t, { onTunnel: echo, refuse: interrupt });
  const ran = gpuDev(["proxy", JOB.job_id], {
    ...{ home, env: envOf(home, there), transport: realTransport(there.url) },
    signal: interrupted.signal,
  });
  const giveUp = () => {
    for (const socket of there.sockets) socket.close(4999);
  };
  const timer = setTimeout(giveUp, 10_000);
  const { code, err } = await ran;
  clearTimeout(timer);
  assert.deepEqual([code, err], [0, ""]);
});

const ENDS = [
  [1000, 0, /^$/],
  [1001, 1, /being restarted\.\n {2}Connect again/],
  [1011, 1, /way to the job has failed/],
  [4403, 4, /key of this connection has been ended/],
  [4404, 5, /^error: The job is over\.$/m],
  [4429, 6, /Too many connections/],
  [4999, 1, /was cut \(4999\)/],
] as const;

test("each way in which a tunnel ends has its sentence and its code", async (t) => {
  const home = await temporaryHome(t);
  const codes = ENDS.map(([closeCode]) => closeCode).values();
  const there = await door(t, { onTunnel: (socket) => socket.close(codes.next().value) });
  for (const [closeCode, exit, says] of ENDS) {
    const { code, err } = await gpuDevChild(["proxy", JOB.job_id], envOf(home, there)).ended;
    assert.equal(code, exit, `${closeCode}: ${err}`);
    assert.match(err, says);
  }
});

function contextOf(home: string, url: string, env: Record<string, string> = {}) {
  const stream = { write() {} };
  const interrupted = new AbortController();
  const all = { HOME: home, GPU_DEV_API_URL: url, GPU_DEV_API_KEY: KEY, ...env };
  return createContext({
    env: all,
    output: createOutput({
      ...{ env: all, stdout: stream, stderr: stream, stdin: () => process.stdin, interrupted },
    }),
    signal: interrupted.signal,
    program: ["gpu-dev"],
    version: "0",
    transport: realTransport(url),
  });
}

test("a service that says nothing any more is given up; pings keep a quiet tunnel", async (t) => {
  const home = await temporaryHome(t);
  let pings: NodeJS.Timeout | undefined;
  t.after(() => clearInterval(pings));
  const there = await door(t, {
    onTunnel: (socket, port) => {
      if (port === 8888) pings = setInterval(() => socket.ping(), 20);
    },
  });
  const session = await contextOf(home, there.url).session();
  const about = { url: new URL(there.url), session, version: "0", id: JOB.job_id };
  const quiet = await openTunnel({ ...about, port: 8888, silenceMs: 200 });
  const silent = await openTunnel({ ...about, port: 22, silenceMs: 200 });
  assert.match((await silent.ended)?.message ?? "", /connection to the service is lost/);
  assert.equal(quiet.stream.destroyed, false, "pings are heard");
  quiet.close();
  assert.equal(await quiet.ended, undefined);
});

test("a refusal is the service's sentence; one for the key is mended by one login", async (t) => {
  const home = await temporaryHome(t);
  const cases = [
    [404, { detail: "Job not found", code: "job_not_found" }, /Job not found/, 5],
    [403, { detail: "Not declared.", code: "port_not_declared" }, /Not declared.*--port PORT/s, 1],
    [409, { detail: "Nothing listens.", code: "port_closed" }, /Nothing listens/, 1],
    [429, { detail: "Too many tunnels.", code: "too_many_at_once" }, /Too many tunnels/, 6],
    [403, { detail: "Expired.", code: "api_key_expired" }, /GPU_DEV_API_KEY is refused/, 4],
    [
      404,
      { detail: "There is nothing at this path.", code: "not_found" },
      /has no tunnels to jobs/,
      1,
    ],
  ] as const;
  for (const [status, body, says, exit] of cases) {
    const there = await door(t, { onTunnel: echo, refuse: () => [status, body] });
    const { code, err } = await gpuDevChild(["proxy", JOB.job_id], envOf(home, there)).ended;
    assert.equal(code, exit, err);
    assert.match(err, says);
  }
  const there = await door(t, {
    onTunnel: echo,
    refuse: (key) =>
      key === "new" ? undefined : [403, { detail: "Expired.", code: "api_key_expired" }],
  });
  let logins = 0;
  const session = {
    key: async () => "old",
    canMend: async () => true,
    renew: async () => {
      logins++;
      return "new";
    },
    known: async () => undefined,
    replace: async () => {},
  };
  const tunnel = await openTunnel({
    url: new URL(there.url),
    session,
    version: "0",
    id: JOB.job_id,
    port: 22,
  });
  tunnel.close();
  assert.deepEqual(
    there.asked.map(({ key }) => key),
    ["old", "new"],
  );
  assert.equal(logins, 1);
});

test("a reader that stops stops the sender: nothing is piled up here", async (t) => {
  const home = await temporaryHome(t);
  let sent = 0;
  const part = Buffer.alloc(65_536);
  const there = await door(t, {
    onTunnel: (socket) => {
      const send = () => {
        sent += part.length;
        socket.send(part, (error) => error ?? setImmediate(send));
      };
      send();
    },
  });
  const session = await contextOf(home, there.url).session();
  const tunnel = await openTunnel({
    url: new URL(there.url),
    session,
    version: "0",
    id: JOB.job_id,
    port: 22,
  });
  let before = -1;
  // until the kernel's buffers are full, however large they are here
  while (before !== sent) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes were taken`);
  assert.ok(tunnel.stream.readableLength < 1024 * 1024);
  tunnel.stream.resume();
  const held = sent;
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(sent > held, "it goes on when somebody reads");
  tunnel.stream.destroy();
  await tunnel.ended;
});

test("whoever has sent all may still wait for the answer, and not for ever", async (t) => {
  const home = await temporaryHome(t);
  const there = await door(t, {
    onTunnel: (socket) => {
      socket.on("message", () => setTimeout(() => socket.send("answer"), 50));
    },
  });
  const session = await contextOf(home, there.url).session();
  const tunnel = await openTunnel({
    url: new URL(there.url),
    session,
    version: "0",
    id: JOB.job_id,
    port: 22,
  });
  const server = createTcpServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [near] = await accepted;
  const piped = pipeTunnel(tunnel, { readable: near, writable: near }, 300);
  client.end("question");
  assert.equal(await text(client), "answer");
  assert.equal(await piped, undefined);
});

test("a tunnel ends whose near end has left while it was opened", async () => {
  const near = new PassThrough().destroy();
  await once(near, "close");
  const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
  const tunnel = { stream: new PassThrough(), ended, close: () => end(undefined) };
  const piped = pipeTunnel(tunnel, { readable: near, writable: near });
  const isOver = piped.then(() => true);
  assert.equal(await Promise.race([isOver, nextTurn(false)]), true);
});

test("port-forward carries many connections of this machine alone, and ends with the job", async (t) => {
  const home = await temporaryHome(t);
  const open: WebSocket[] = [];
  const there = await door(t, {
    onTunnel: (socket, port) => {
      if (port === 9999) return socket.close(4404);
      open.push(socket);
      socket.on("message", (text) => {
        socket.send(`${port} ${text}`);
        socket.close(1000);
      });
      return undefined;
    },
  });
  const interrupted = new AbortController();
  const printed = Promise.withResolvers<string>();
  const env = envOf(home, there);
  const setting = { home, env, transport: realTransport(there.url), onPrint: printed.resolve };
  const forward = gpuDev(["port-forward", "3f2a91bc", "0:8888"], {
    ...setting,
    signal: interrupted.signal,
  });
  const port = Number(/^127\.0\.0\.1:(\d+) -> 3f2a91bc:8888/.exec(await printed.promise)?.[1]);
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const socket = connect(port, "127.0.0.1");
      socket.write(`hello ${index}`);
      return (await buffer(socket)).toString();
    }),
  );
  assert.deepEqual(
    answers,
    Array.from({ length: 20 }, (_, index) => `8888 hello ${index}`),
  );
  // as a process: none of the other ports keeps it
  const pairs = ["0:22", `${port}:8888`, "0:22"];
  const taken = await gpuDevChild(["port-forward", "3f2a91bc", ...pairs], env).ended;
  assert.deepEqual([taken.code, taken.out], [1, ""]);
  assert.ok(
    taken.err.endsWith(`is taken.\n  Take another one: ${port + 1}:8888, or 0:8888 for any.\n`),
    taken.err,
  );
  interrupted.abort();
  assert.equal((await forward).code, 130);

  const next = Promise.withResolvers<string>();
  const ending = gpuDev(["port-forward", "3f2a91bc", "0:9999"], {
    ...setting,
    onPrint: next.resolve,
  });
  const gone = Number(/:(\d+) ->/.exec(await next.promise)?.[1]);
  await once(connect(gone, "127.0.0.1"), "close");
  const { code, err } = await ending;
  assert.equal(code, 5, err);
});

test("a port that the job did not declare is refused before anything listens", async (t) => {
  const home = await temporaryHome(t);
  const there = await door(t, { onTunnel: echo, job: { ports: [6006] } });
  const setting = { home, env: envOf(home, there), transport: realTransport(there.url) };
  const { code, out, err } = await gpuDev(
    ["port-forward", "3f2a91bc", "0:6006", "0:5000"],
    setting,
  );
  assert.deepEqual([code, out], [1, ""]);
  assert.match(err, /Job 3f2a91bc did not declare port 5000\.\n {2}gpu-dev reserve --port 5000/);
  assert.deepEqual(there.asked, []);
});

test("a large answer arrives whole though the other end closes behind it; Ctrl-C ends what is open", async (t) => {
  const home = await temporaryHome(t);
  const answer = randomBytes(8 * 1024 * 1024);
  const there = await door(t, {
    onTunnel: (socket) => {
      socket.on("message", () => {
        socket.send(answer);
        socket.close(1000);
      });
    },
  });
  const words = ["port-forward", "3f2a91bc", "0:8888"];
  const child = gpuDevChild(words, envOf(home, there));
  const [first] = await once(child.process.stdout ?? child.process, "data");
  const port = Number(/:(\d+) ->/.exec(String(first))?.[1]);
  const client = connect(port, "127.0.0.1");
  client.write("please");
  // a reader that is slow to begin
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok((await buffer(client)).equals(answer));
  const idle = connect(port, "127.0.0.1");
  await once(idle, "connect");
  while (there.asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  child.process.kill("SIGINT");
  const { code, err } = await child.ended;
  assert.equal(code, 130, err);
});

test("connect runs ssh through a tunnel, or by the node's port where there are none; no secret is in its words", async (t) => {
  const home = await temporaryHome(t);
  // tells what it is given
  await writeFile(join(home, "ssh"), '#!/bin/sh\nprintf "%s\\n" "$@"\nexit 7\n', { mode: 0o755 });
  const job = { node_port: 31000, ssh_command: "ssh -p 31000 dev@192.0.2.1" };
  const NO_PATH = [404, { detail: "There is nothing at this path.", code: "not_found" }] as const;
  const UPGRADE = [426, { detail: "Only a WebSocket.", code: "upgrade_required" }] as const;
  for (const [plain, flag, isDirect] of [
    [UPGRADE, "-A", false],
    [UPGRADE, "--direct", true],
    [NO_PATH, "-A", true],
  ] as const) {
    const there = await door(t, { onTunnel: echo, job, plain });
    const env = { ...envOf(home, there), PATH: home };
    const words = ["connect", "3f2a91bc", flag, "--", "nvidia-smi", "-L"];
    const { code, out, err } = await gpuDevChild(words, env).ended;
    assert.equal(code, 7, `the code of ssh: ${err}`);
    assert.match(out, /^KnownHostsCommand=.* known-hosts %n %H$/m);
    assert.equal(/^ProxyCommand=.* proxy %n$/m.test(out), !isDirect, out);
    assert.equal(
      /^HostName=192\.0\.2\.1\n-o\nHostKeyAlias=gpu-dev-3f2a91bc-0123456789abcdef\n-p\n31000$/m.test(
        out,
      ),
      isDirect,
    );
    assert.match(out, /^dev@gpu-dev-3f2a91bc-0123456789abcdef\n--\nnvidia-smi\n-L\n$/m);
    assert.ok(!out.includes(KEY) && !out.includes("PRIVATE"));
  }
  const none = await door(t, { onTunnel: echo });
  const direct = await gpuDevChild(["connect", "3f2a91bc", "--direct"], envOf(home, none)).ended;
  assert.equal(direct.code, 1);
  assert.match(direct.err, /has no port of a node/);
  const noSsh = await gpuDevChild(["connect", "3f2a91bc"], {
    ...envOf(home, none),
    PATH: "/nowhere",
  }).ended;
  assert.equal(noSsh.code, 1);
  assert.match(noSsh.err, /no ssh on this machine\.\n.*openssh-client.*logs/);
});

test("what ends connect ends ssh, and its exit code is told", async (t) => {
  const home = await temporaryHome(t);
  const untilAlone = "while kill -0 $PPID 2>/dev/null; do /bin/sleep 0.05; done";
  const script = `trap 'echo ended; exit 9' TERM HUP\necho begun\n${untilAlone}\n`;
  await writeFile(join(home, "ssh"), `#!/bin/sh\n${script}`, { mode: 0o755 });
  const there = await door(t, { onTunnel: echo });
  for (const [signal, wanted] of [
    ["SIGTERM", 9],
    ["SIGHUP", 9],
    ["SIGINT", 130],
  ] as const) {
    const child = gpuDevChild(["connect", "3f2a91bc"], { ...envOf(home, there), PATH: home });
    await once(child.process.stdout ?? child.process, "data");
    child.process.kill(signal);
    const { code, out, err } = await child.ended;
    assert.equal(code, wanted, err);
    assert.equal(out, wanted === 9 ? "begun\nended\n" : "begun\n");
  }
});

test("known-hosts tells ssh whom to expect", async (t) => {
  const home = await temporaryHome(t);
  const there = await door(t, { onTunnel: echo });
  const env = envOf(home, there);
  const ran = await gpuDev(["known-hosts", JOB.pod_name, "[192.0.2.1]:2222"], {
    home,
    env,
    transport: realTransport(there.url),
  });
  assert.equal(ran.out, "[192.0.2.1]:2222 ssh-ed25519 AAAA\n");
  const other = await gpuDev(["known-hosts", "github.com", "github.com"], {
    home,
    env,
    transport: realTransport(there.url),
  });
  assert.equal(other.out, "");
});
