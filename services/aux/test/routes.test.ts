/** What aux answers: bodies, errors, names. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Buckets, Health, Parameters, Problem, Root, Version } from "@airlock/contract";
import { createAnswerCheck, type OpenApi } from "../../../acceptance/answer-check.ts";
import { startAux } from "./harness.ts";

test("every path answers with the body of its contract", async (t) => {
  const { url } = await startAux(t);
  for (const [path, schema] of [
    ["/", Root],
    ["/health", Health],
    ["/version", Version],
    ["/s3/buckets", Buckets],
    ["/parameters", Parameters],
  ] as const) {
    const response = await fetch(url + path);
    const body: unknown = await response.json();
    assert.equal(response.status, 200, JSON.stringify(body));
    schema.parse(body);
    assert.equal(response.headers.get("cache-control"), "no-store");
  }
});

test("/health tells the state of the AWS session, and no key", async (t) => {
  const { url } = await startAux(t);
  const text = await (await fetch(`${url}/health`)).text();
  const body = JSON.parse(text);
  assert.equal(body.service, "aux");
  assert.equal(body.region, "eu-west-1");
  assert.match(body.timestamp, /Z$/);
  assert.equal(body.aws_session.state, "valid");
  assert.equal(body.aws_session.source, "assumed_role");
  assert.doesNotMatch(text, /AKIA|ASIA|secret/i);
});

test("a SecureString is decrypted, a StringList is its raw comma string", async (t) => {
  const { url } = await startAux(t);
  const read = async (name: string) => {
    const response = await fetch(`${url}/parameters/${name}`);
    return (await response.json()) as { name: string; value: string };
  };
  const secure = await read("airlock/dev/database/url");
  assert.equal(secure.name, "/airlock/dev/database/url");
  assert.match(secure.value, /^postgres/);
  assert.match((await read("airlock/dev/database/replicas")).value, /^[^,]+,[^,]+/);
});

for (const raw of [
  "",
  ".",
  "%2e",
  "%2e%2e/s3/buckets",
  "..%2f..%2fs3%2fbuckets",
  "a/./b",
  "%252Fa",
  "a%00b",
  "a%0d%0aX:1",
  "a%3Fb",
  "a%23b",
  "%20",
  "x:3",
  "/%2Fa",
  `${"a".repeat(1012)}`,
  Array.from({ length: 16 }, () => "l").join("/"),
]) {
  test(`/parameters/${raw.slice(0, 40)} is 400 and reaches no AWS`, async (t) => {
    const { url, local } = await startAux(t);
    const before = local.calls.counts().total;
    const response = await rawGet(`${url}/parameters/${raw}`);
    assert.equal(response.status, 400, response.body);
    const problem = Problem.parse(JSON.parse(response.body));
    assert.equal(problem.code, "invalid_parameter_name");
    assert.equal(local.calls.counts().total, before);
  });
}

test("HEAD works where GET does, other methods are 405 with Allow", async (t) => {
  const { url } = await startAux(t);
  for (const path of ["/", "/health", "/s3/buckets", "/parameters", "/parameters/my-parameter"]) {
    const get = await fetch(url + path);
    const head = await fetch(url + path, { method: "HEAD" });
    assert.equal(head.status, 200);
    if (path !== "/health") {
      assert.equal(head.headers.get("content-length"), get.headers.get("content-length"), path);
    }
    await get.body?.cancel();
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]) {
      const response = await fetch(url + path, { method });
      assert.equal(response.status, 405, `${method} ${path}`);
      assert.equal(response.headers.get("allow"), "GET, HEAD");
      assert.equal(Problem.parse(await response.json()).code, "method_not_allowed");
    }
  }
});

test("STS down at start: alive, not ready, 503, and ready again by itself", async (t) => {
  const { url, local } = await startAux(t, {}, (standIn) =>
    standIn.faults.set([{ kind: "stsDown" }]),
  );
  const status = async (path: string) => {
    const response = await fetch(url + path);
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await status("/livez"), 200);
  assert.equal(await status("/health"), 200);
  assert.equal(await status("/readyz"), 503);
  assert.equal(await status("/s3/buckets"), 503);
  local.faults.clear();
  const backAt = performance.now();
  while ((await status("/readyz")) !== 200) await new Promise((r) => setTimeout(r, 50));
  assert.ok(performance.now() - backAt < 5 * 2000);
  assert.equal(await status("/s3/buckets"), 200);
});

test("the document tells where If-None-Match is honoured, and each header of each answer", async (t) => {
  const { url } = await startAux(t);
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApi;
  const check = createAnswerCheck(document);
  const object = "bucket=airlock-data-dev&key=readme.txt";
  const honoured: string[] = [];
  for (const [place, target, body] of [
    ["GET /parameters", "/parameters?prefix=/airlock/"],
    ["GET /parameters/{name}", "/parameters/airlock/dev/database/port"],
    ["POST /parameters/batch", "/parameters/batch", '{"names":["/airlock/dev/database/port"]}'],
    ["GET /s3/buckets", "/s3/buckets"],
    ["GET /s3/buckets/{bucket}", "/s3/buckets/airlock-data-dev"],
    ["GET /s3/objects", `/s3/objects?${object}`],
    ["GET /s3/presigned", `/s3/presigned?${object}`],
    ["GET /s3/versions", `/s3/versions?${object}`],
  ] as const) {
    const [method = ""] = place.split(" ");
    for (const known of [undefined, "*"]) {
      const answer = await fetch(url + target, {
        method,
        headers: {
          ...(known && { "if-none-match": known }),
          ...(body && { "content-type": "application/json" }),
        },
        ...(body && { body }),
      });
      const { status } = answer;
      const headers = Object.fromEntries(answer.headers);
      assert.equal(
        check(method, target, { status, headers, text: await answer.text() }),
        undefined,
      );
      if (status === 304) honoured.push(place);
      else assert.equal(status, 200, target);
    }
  }
  const told = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations)
      .filter((method) =>
        JSON.stringify(operations[method]).includes('"#/components/parameters/If-None-Match"'),
      )
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(told.sort(), honoured.sort());
});

test("docs and OpenAPI are served in dev and not in prod", async (t) => {
  const dev = await startAux(t);
  const prod = await startAux(t, {
    ENVIRONMENT: "prod",
    LAYER_AUTH_MODE: "off",
    ACCESS_POLICY_FILE: "/etc/airlock/policy.yaml",
  });
  for (const path of ["/docs", "/docs/json", "/openapi.json", "/docs/static/index.css"]) {
    const [inDev, inProd] = await Promise.all([fetch(dev.url + path), fetch(prod.url + path)]);
    assert.equal(inDev.status, 200, path);
    assert.equal(inProd.status, 404, path);
  }
  assert.equal((await fetch(`${dev.url}/docs/static/../package.json`)).status, 404);
});

for (const page of ["/docs", "/docs/", "/docs/static/index.html"]) {
  test(`${page} works below any path that a proxy takes off: no URL in it is absolute`, async (t) => {
    const { url } = await startAux(t);
    /** As a browser asks through a proxy that takes /a/b off. */
    const ask = (target: URL) => {
      assert.match(target.pathname, /^\/a\/b\//, `${target}`);
      return fetch(url + target.pathname.slice("/a/b".length), { redirect: "manual" });
    };
    let at = new URL(`http://shared.example.com/a/b${page}`);
    let answer = await ask(at);
    for (let hops = 0; answer.status >= 300 && answer.status < 400 && hops < 3; hops++) {
      at = new URL(answer.headers.get("location") ?? "", at);
      answer = await ask(at);
    }
    assert.equal(answer.status, 200);
    const links = [...(await answer.text()).matchAll(/(?:src|href)="([^"]+)"/g)];
    assert.ok(links.length >= 7);
    for (const [, link = ""] of links)
      assert.equal((await ask(new URL(link, at))).status, 200, link);
    // as the page's script finds it
    const document = new URL(`${at.pathname.replace(/\/?$/, "/")}./json`, at);
    const { servers } = (await (await ask(document)).json()) as { servers: { url: string }[] };
    assert.equal(new URL(servers[0]?.url ?? "/", document).pathname, "/a/b/");
  });
}

/** GET with the path as it is: fetch would resolve dot segments first. */
async function rawGet(url: string): Promise<{ status: number; body: string }> {
  const { request } = await import("node:http");
  const { hostname, port } = new URL(url);
  const path = url.slice(url.indexOf("/", "http://".length));
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, path, agent: false }, (incoming) => {
      let body = "";
      incoming.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, body }));
    });
    outgoing.on("error", reject).end();
  });
}
