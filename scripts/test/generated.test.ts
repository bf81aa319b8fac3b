/** Documents and code say the same. */
import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PROBLEMS } from "@airlock/contract";
import { METHODS } from "../../packages/infra/src/methods.ts";
import { dashboards } from "../src/generated/dashboards/services.ts";
import { ROOT, staleFiles } from "../src/generated/files.ts";

const read = (path: string) => readFile(new URL(path, ROOT), "utf8");

test("generated files hold what the code says", async () => {
  const stale = (await staleFiles()).map(({ path }) => path);
  assert.deepEqual(stale, [], "run: pnpm check --fix");
});

test("the execution API lets through what aux serves, and nothing else", async () => {
  const { paths } = JSON.parse(await read("services/aux/openapi.json")) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const served = Object.entries(paths)
    .filter(([path]) => /^\/(parameters|s3)(\/|$)/.test(path))
    .flatMap(([path, methods]) =>
      Object.keys(methods).map((one) => one.toUpperCase() + path.replace(/\{\w+\}$/, "*")),
    );
  const allowed: readonly string[] = METHODS;
  // HEAD goes where GET does; /livez is what the gateway asks an upstream that has failed
  const others = allowed.filter((one) => !one.startsWith("HEAD") && one !== "GET/livez");
  assert.deepEqual(others.toSorted(), served.toSorted());
  for (const head of allowed.filter((one) => one.startsWith("HEAD")))
    assert.ok(served.includes(head.replace("HEAD", "GET")), head);
});

test("every error code is explained", async () => {
  const text = await read("docs/errors.md");
  for (const code of Object.keys(PROBLEMS)) {
    assert.match(text, new RegExp(`\\| \`${code}\` \\| [^|]+ \\| \\S[^|]+ \\|`), code);
  }
});

/** Whoever writes an event names its kind in one of these ways. */
const KINDS = [
  /\b(?:event|fail)\(\s*"([a-z_]+)"/g,
  /\bkind: "([a-z_]+)",?\s+actor: /g,
  /\bversion, '([a-z_]+)', '(?:user|processor|operator)'|, 1, '([a-z_]+)', 'user'/g,
  /\bkind: "'([a-z_]+)'"/g,
  /THEN '([a-z_]+)' ELSE '([a-z_]+)' END\)"/g,
];

test("every kind of event is in docs/jobs.md, and no other", async () => {
  const text = (await read("docs/jobs.md")).split("| kind | what happened |")[1]?.split("\n\n")[0];
  const told = [...(text ?? "").matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([a-z_]+)`/g)].map(([, kind = ""]) => kind),
  );
  const sources: string[] = [];
  for (const folder of ["services/jobs/src", "services/processor/src", "packages/jobs-store/src"]) {
    for await (const file of glob(`${folder}/**/*.ts`, { cwd: fileURLToPath(ROOT) })) {
      sources.push(await read(file));
    }
  }
  const written = new Set(
    sources.flatMap((source) =>
      KINDS.flatMap((kind) =>
        [...source.matchAll(kind)].flatMap(([, ...kinds]) => kinds.filter(Boolean)),
      ),
    ),
  );
  assert.ok(written.size > 25, String(written.size));
  assert.deepEqual(
    [...written].filter((kind) => !told.includes(kind)),
    [],
    "not told of",
  );
  // those that are put together are words of their own in the sources
  const all = sources.join("\n");
  const made = (kind: string) =>
    written.has(kind) || new RegExp(`["'\`]${kind.replace(/_requested$/, "")}["'\`]`).test(all);
  assert.deepEqual(
    told.filter((kind) => !made(kind)),
    [],
    "nobody writes it",
  );
  assert.equal(new Set(told).size, told.length);
});

test("every metric of a dashboard is one of its service, by labels that it has", async () => {
  const rows = new Map(
    [
      ...(await read("docs/metrics.md")).matchAll(
        /^\| `(airlock_\w+)` \|[^|]*\| ([^|]*) \|[^|]*\| ([^|]*) \|/gm,
      ),
    ].map(([, name = "", at = "", labels = ""]) => [
      name,
      { at: at.split(", "), labels: [...labels.matchAll(/`(\w+)`/g)].map(([, one]) => one) },
    ]),
  );
  /** What is wrong with an expression at a service. */
  const faultsIn = (service: string, expr: string): string[] => {
    const named = [...expr.matchAll(/\b((?:airlock|process)_\w+)\{([^}]*)\}/g)];
    const by = [...expr.matchAll(/ by \(([^)]*)\)/g)].flatMap(([, words = ""]) =>
      words.split(", "),
    );
    if (named.length === 0) return [`${expr}: names no metric`];
    return named.flatMap(([, sampled = "", matchers = ""]) => {
      if (sampled.startsWith("process_")) return [];
      const row = rows.get(sampled) ?? rows.get(sampled.replace(/_(bucket|count|sum)$/, ""));
      if (!row) return [`${sampled}: there is no such metric`];
      if (!row.at.includes(service) && !row.at.includes("all"))
        return [`${sampled}: not at ${service}`];
      const known = [...row.labels, "job", "namespace", "pod", "le"];
      const used = [...matchers.matchAll(/(\w+)(?:!?=~?)"/g)].map(([, label = ""]) => label);
      return [...used, ...by]
        .filter((label) => !known.includes(label))
        .map((label) => `${sampled}: has no label ${label}`);
    });
  };
  const faults: string[] = [];
  let panels = 0;
  for (const [service, text] of dashboards()) {
    for (const { targets = [] } of JSON.parse(text).panels) {
      for (const { expr, legendFormat } of targets) {
        faults.push(...faultsIn(service, expr));
        // what never happened has no series
        if (legendFormat === "5xx") assert.match(expr, /^\(sum\(.*\) or vector\(0\)\) \//);
      }
      panels += targets.length > 0 ? 1 : 0;
    }
  }
  assert.deepEqual(faults, []);
  assert.ok(panels > 70, String(panels));
  assert.deepEqual(faultsIn("aux", 'sum by (kind) (airlock_policy_fresh{job="aux"})'), [
    "airlock_policy_fresh: has no label kind",
  ]);
  assert.deepEqual(faultsIn("jobs", "airlock_policy_fresh{}"), [
    "airlock_policy_fresh: not at jobs",
  ]);
  assert.deepEqual(faultsIn("aux", "airlock_nothing{}"), [
    "airlock_nothing: there is no such metric",
  ]);
});

test("every script in package.json is in the README", async () => {
  const { scripts } = JSON.parse(await read("package.json"));
  const readme = await read("README.md");
  for (const script of Object.keys(scripts)) assert.ok(readme.includes(`\`${script}\``), script);
});
