/** A service that is down, slow, elsewhere or something else: each a sentence and exit 1. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { type TestContext, test } from "node:test";
import { gpuDev, nobody, quickClock, realTransport, temporaryHome } from "./harness.ts";

/** As our own services say it, under an address that is not the API's. */
const NO_PATH = '{"code":"not_found","detail":"There is nothing at this path."}';
const KEY = { GPU_DEV_API_KEY: "given-given-given-given" };

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function list(t: TestContext, url: string, timeoutMs?: number) {
  const home = await temporaryHome(t);
  const env = { ...KEY, GPU_DEV_API_URL: url };
  return await gpuDev(["list"], {
    home,
    env,
    transport: realTransport(url, timeoutMs),
    clock: quickClock(),
  });
}

test("nobody listens", async (t) => {
  const { code, err } = await list(t, await nobody());
  assert.equal(code, 1);
  assert.match(err, /Nobody answers at http:[^ ]+: the connection is refused\.\n.*gpu-dev doctor/);
  assert.match((await list(t, "http://127.0.0.1:6667")).err, /No client speaks HTTP to port 6667/);
});

test("there is no such host", async (t) => {
  const { code, err } = await list(t, "http://nothing.invalid");
  assert.equal(code, 1);
  assert.match(err, /There is no host nothing\.invalid|cannot be looked up/);
});

test("it does not answer in time", async (t) => {
  const url = await serve(t, () => {});
  const { code, err } = await list(t, url, 200);
  assert.equal(code, 1);
  assert.match(err, /has not answered within 0\.2 s/);
  const path = "/v1/gpu/availability";
  const one = realTransport(url, 60_000)({ method: "GET", path, timeoutMs: 100 });
  await assert.rejects(one, /has not answered within 0\.1 s/, "one that waits less than others");
});

test("it speaks no TLS", async (t) => {
  const url = (await serve(t, (_, response) => response.end())).replace("http:", "https:");
  const { code, err } = await list(t, url);
  assert.equal(code, 1);
  assert.match(err, /speaks no TLS; perhaps it is an address with http:/);
});

test("it cuts the connection, each time", async (t) => {
  const server = createTcpServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { code, err } = await list(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  assert.equal(code, 1);
  assert.match(err, /has cut the connection/);
});

test("it is something else: a page, a redirect, an unknown path; a proxy whose service is down", async (t) => {
  const answers = [
    [
      200,
      { "content-type": "text/html" },
      "<html>",
      /does not answer as the jobs API does: what it answered is no JSON/,
    ],
    [
      302,
      { location: "https://login.example.com/?secret=1" },
      "",
      /it redirects to https:\/\/login\.example\.com\.\n.*config set api_url/,
    ],
    [404, {}, "<html>", /status 404/],
    [404, {}, '{"detail":"Not Found"}', /it has no such path/],
    [404, {}, NO_PATH, /it has no such path\.\n {2}Is http\S+ the address\?.*gpu-dev doctor/],
    [502, {}, "<html>", /answers 502: something on the way to the jobs API is down/],
  ] as const;
  for (const [status, headers, body, says] of answers) {
    const url = await serve(t, (_, response) => response.writeHead(status, headers).end(body));
    const { code, err } = await list(t, url);
    assert.equal(code, 1, `${status}: ${err}`);
    assert.match(err, says);
    assert.doesNotMatch(err, /secret|fault/);
  }
});

test("under a wrong address of a service of ours a login and doctor say so; one job is not told to be missing", async (t) => {
  const url = await serve(t, (_, response) => response.writeHead(404).end(NO_PATH));
  const at = { home: await temporaryHome(t), transport: realTransport(url) };
  const ask = (words: string, key = {}) =>
    gpuDev(words.split(" "), { ...at, env: { ...key, GPU_DEV_API_URL: url } });
  const login = await ask("login");
  assert.equal(login.code, 1);
  assert.match(login.err, /it has no such path\.\n {2}Is http\S+ the address/);
  const doctor = await ask("doctor --json");
  assert.deepEqual(
    doctor.json.findings.map(({ of, state }: { of: string; state: string }) => `${of} ${state}`),
    ["address ok", "encryption ok", "files ok", "service fault"],
  );
  const show = await ask("disk show data", KEY);
  assert.match(show.err, /nothing at this path\.\n.*gpu-dev doctor/);
});

test("a change that is not answered may be done all the same, and one that was not sent is not", async (t) => {
  const silent = await serve(t, ({ method }, response) => {
    if (method === "GET") response.end("{}");
  });
  const cutting = createTcpServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(cutting, "listening");
  t.after(() => cutting.close());
  const cut = `http://127.0.0.1:${(cutting.address() as AddressInfo).port}`;
  for (const [url, mayBeDone] of [
    [silent, true],
    [cut, true],
    [await nobody(), false],
  ] as const) {
    const { code, err } = await gpuDev(["disk", "create", "data", "--no-wait"], {
      ...{ home: await temporaryHome(t), env: { ...KEY, GPU_DEV_API_URL: url } },
      ...{ transport: realTransport(url, 200), clock: quickClock() },
    });
    assert.equal(code, 1, err);
    const isTold = /^The service .* may be done all the same\. gpu-dev disk list\nerror: /.test(
      err,
    );
    assert.equal(isTold, mayBeDone, err);
  }
});

test("a key goes to no place that an answer names", async (t) => {
  let reached = 0;
  const other = await serve(t, (_, response) => {
    reached++;
    response.end("{}");
  });
  const url = await serve(t, (_, response) =>
    response.writeHead(307, { location: `${other}/v1/jobs` }).end(),
  );
  assert.equal((await list(t, url)).code, 1);
  assert.equal(reached, 0);
});

test("a service that is away for a moment is asked again, by the same words", async (t) => {
  const seen: (string | undefined)[] = [];
  const url = await serve(t, (request, response) => {
    seen.push(request.headers["idempotency-key"]?.toString());
    if (seen.length === 1) return void request.socket.destroy();
    if (seen.length === 2) {
      const problem = { code: "database_unavailable", detail: "Away.", request_id: "r" };
      return void response
        .writeHead(503, { "content-type": "application/problem+json" })
        .end(JSON.stringify(problem));
    }
    response.end(JSON.stringify({ operation_id: "1", disk_name: "data", message: "Asked for." }));
  });
  const home = await temporaryHome(t);
  const env = { ...KEY, GPU_DEV_API_URL: url };
  const { code, err } = await gpuDev(["disk", "create", "data", "--no-wait"], {
    home,
    env,
    transport: realTransport(url),
    clock: quickClock(),
  });
  assert.equal(code, 0, err);
  assert.equal(seen.length, 3);
  assert.ok(seen[0]);
  assert.equal(new Set(seen).size, 1);
});

test("what the server says of a refusal is told with its request id, on one line", async (t) => {
  const url = await serve(t, (_, response) => {
    const problem = {
      code: "invalid_body",
      detail: "image: is\x1b[2J wrong\n.",
      request_id: "abc-1",
    };
    response.writeHead(422).end(JSON.stringify(problem));
  });
  const { code, err } = await list(t, url);
  assert.equal(code, 2);
  assert.equal(err, "error: image: is wrong .\n  request abc-1\n");
});
