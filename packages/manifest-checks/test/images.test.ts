/** The Dockerfile, .dockerignore and compose.yaml keep the promises that the manifests rely on. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { settingsSchema as auxSchema } from "../../../services/aux/src/settings.ts";
import { settingsSchema as gatewaySchema } from "../../../services/gateway/src/settings.ts";
import { settingsSchema as jobsSchema } from "../../../services/jobs/src/settings.ts";
import { settingsSchema as processorSchema } from "../../../services/processor/src/settings.ts";
import { loadSettings } from "../../config/src/settings.ts";
import { migrateSchema } from "../../jobs-store/src/migrate-settings.ts";
import { render } from "../src/kustomize/render.ts";
import { readDocuments } from "../src/read-yaml.ts";
import { workloads } from "../src/world.ts";
import { K8S } from "./faults.ts";

const ROOT = join(K8S, "..");
const SCHEMAS: Readonly<Record<string, Parameters<typeof loadSettings>[0]>> = {
  gateway: gatewaySchema,
  aux: auxSchema,
  jobs: jobsSchema,
  processor: processorSchema,
};
const dockerfile = readFileSync(join(ROOT, "Dockerfile"), "utf8");
const instructions = dockerfile
  .replace(/^#.*\n/gm, "")
  .replace(/\\\n/g, " ")
  .split("\n")
  .filter(Boolean);
/** From where it begins to the next one. */
function stage(name: string): string[] {
  const from = instructions.findIndex((line) => /^FROM .+ AS (\S+)$/.exec(line)?.[1] === name);
  const lines = instructions.slice(from + 1);
  return lines.slice(
    0,
    lines.findIndex((line) => line.startsWith("FROM ")),
  );
}
const service = stage("service");

describe("Dockerfile", () => {
  test("everything up to the compiler is shared: ARG SERVICE comes after it", () => {
    const chosen = instructions.indexOf("ARG SERVICE");
    const compile = instructions.findIndex((line) => line.includes("tsc -b"));
    assert.ok(compile > 0 && chosen > compile);
    assert.ok(instructions.some((line) => line.includes("pnpm install --frozen-lockfile")));
  });

  test("whatever there is an image of is installed and compiled, and nothing else is", () => {
    const [, names = ""] = /^ +([\w|-]+)\) ;; /m.exec(dockerfile) ?? [];
    const images = names.split("|").sort();
    assert.ok(images.includes("gateway"), names);
    const installed = [...dockerfile.matchAll(/--filter "@airlock\/([\w-]+)\.\.\."/g)];
    assert.deepEqual(installed.map(([, name]) => name).sort(), images);
    const [, projects = ""] = /^RUN \S*tsc -b (.*)$/m.exec(instructions.join("\n")) ?? [];
    const compiled = projects.split(/ +/).map((path) => path.split("/").at(-1));
    assert.deepEqual(compiled.sort(), images);
    const named = [...dockerfile.matchAll(/^FROM service AS ([\w-]+)$/gm)].map(([, name]) => name);
    assert.deepEqual(
      images.filter((name) => !named.includes(name)),
      [],
      "SERVICE cannot name it",
    );
    for (const path of projects.split(/ +/)) assert.ok(existsSync(join(ROOT, path)), path);
  });

  test("the base image is an argument with a tag, and no stage names another image", () => {
    assert.equal(instructions[0], "ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim");
    const bases = instructions
      .filter((line) => line.startsWith("FROM "))
      .map((line) => line.split(/ (?=\S*$)| AS /)[0]);
    for (const base of bases)
      assert.match(
        base ?? "",
        /^FROM (--platform=\$BUILDPLATFORM )?(\$\{NODE_IMAGE\}|base|service|scratch)$|^FROM$/,
      );
  });

  test("the image runs as uid 1000, starts Node without a shell, and leaves ENVIRONMENT unset", () => {
    assert.ok(service.includes("USER 1000"));
    assert.ok(service.includes('CMD ["node", "--enable-source-maps", "dist/main.js"]'));
    assert.doesNotMatch(
      instructions.filter((line) => /^(ENV|ARG) /.test(line)).join("\n"),
      /ENVIRONMENT/,
    );
  });

  test("the health check needs neither a shell nor curl", () => {
    const check = service.find((line) => line.startsWith("HEALTHCHECK"));
    assert.match(check ?? "", /CMD \["node", "-e", /);
    assert.doesNotMatch(check ?? "", /curl|wget|sh -c/);
  });

  test("each service is a stage, and the last one is chosen by SERVICE", () => {
    const [, names = ""] = /\n {6}([\w|-]+)\) ;;/.exec(dockerfile) ?? [];
    for (const name of [...names.split("|"), "api", "none"]) {
      assert.ok(instructions.includes(`FROM service AS ${name}`), name);
    }
    assert.ok(instructions.includes("FROM scratch AS devbox"));
    // with a default, each platform would have that one's programs
    assert.ok(stage("tools").includes("ARG TARGETARCH"));
    assert.match(instructions.at(-1) ?? "", /^FROM \$\{SERVICE\}$/);
  });

  test("SERVICE=api is answered with the name it has here", () => {
    assert.match(
      dockerfile,
      /api\) echo "SERVICE=api: the public service is called gateway here[^"]*" >&2; exit 1/,
    );
  });

  test("the migration that k8s and compose run is a file of jobs' image", () => {
    const objects = render(join(K8S, "overlays/prod/jobs"));
    const [jobs] = workloads({ name: "prod", environment: undefined, objects });
    const { services } = readDocuments(join(ROOT, "compose.yaml"))[0] as {
      services: Record<string, { command?: string[] }>;
    };
    const command = jobs?.pod.initContainers?.[0]?.command;
    assert.deepEqual(services["jobs-migrate"]?.command, command);
    const [, name = "", file = ""] =
      /^node_modules\/(@airlock\/[\w-]+)\/dist\/([\w-]+)\.js$/.exec(command?.at(-1) ?? "") ?? [];
    const { dependencies } = JSON.parse(
      readFileSync(join(ROOT, "services/jobs/package.json"), "utf8"),
    );
    assert.ok(name in dependencies, `${name} is not in the image`);
    assert.ok(existsSync(join(ROOT, "packages/jobs-store/src", `${file}.ts`)), file);
  });

  test("the compile cache covers the uid that the manifests run as", () => {
    const world = {
      name: "prod",
      environment: undefined,
      objects: render(join(K8S, "overlays/prod")),
    };
    for (const { pod } of workloads(world)) {
      assert.ok(dockerfile.includes(`%-1000}-${pod.securityContext?.runAsUser}"`));
    }
  });
});

test(".dockerignore lets the sources in and nothing that is made or secret", () => {
  const lines = readFileSync(join(ROOT, ".dockerignore"), "utf8").split("\n");
  assert.equal(
    lines.find((line) => line && !line.startsWith("#")),
    "*",
  );
  for (const line of ["**/node_modules", "**/dist", "**/.env*"])
    assert.ok(lines.includes(line), line);
  const admitted = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
  for (const path of admitted) assert.ok(existsSync(join(ROOT, path)), path);
});

test("compose.yaml: who seals variables and who opens them have one file, and the processor the cluster's", () => {
  type Service = {
    environment?: Record<string, string>;
    volumes?: string[];
    network_mode?: string;
    networks?: Record<string, { aliases?: string[] }>;
  };
  const [{ services } = { services: {} as Record<string, Service> }] = readDocuments(
    join(ROOT, "compose.yaml"),
  ) as { services: Record<string, Service> }[];
  const { jobs, processor, "local-kubernetes": cluster, "env-vars-keys": keys } = services;
  for (const one of [jobs, processor]) {
    assert.equal(one?.environment?.ENV_VARS_KEYS_FILE, "/run/env-vars/keys");
    assert.ok(one?.volumes?.includes("env-vars-keys:/run/env-vars:ro"));
  }
  assert.deepEqual(keys?.volumes, ["env-vars-keys:/data"]);
  assert.equal(jobs?.volumes?.length, 1, "the token for the cluster is none of its business");
  // it listens to loopback alone
  assert.equal(processor?.network_mode, "service:local-kubernetes");
  assert.deepEqual(cluster?.networks?.internal?.aliases, ["processor"]);
  const { port, hostname } = new URL(jobs?.environment?.PROCESSOR_SERVICE_URL ?? "");
  assert.deepEqual([hostname, port], ["processor", "8080"]);
  loadSettings(processorSchema, processor?.environment ?? {});
  loadSettings(jobsSchema, jobs?.environment ?? {});
});

test("compose.yaml runs everything hardened, and publishes gateway and the stand-in on this machine only", () => {
  type Service = {
    read_only: boolean;
    cap_drop: string[];
    user: string;
    ports?: string[];
    "<<"?: object;
  };
  const [compose] = readDocuments(join(ROOT, "compose.yaml")) as {
    services: Record<string, Service>;
  }[];
  const services = Object.entries(compose?.services ?? {});
  assert.deepEqual(services.map(([name]) => name).sort(), [
    "aux",
    "env-vars-keys",
    "gateway",
    "jobs",
    "jobs-migrate",
    "local-aws",
    "local-kubernetes",
    "postgres",
    "processor",
  ]);
  const published: Record<string, string[]> = {
    gateway: ["127.0.0.1:8080:8080"],
    // presigned addresses lead there
    "local-aws": ["127.0.0.1:4566:4566"],
  };
  for (const [name, service] of services) {
    const { read_only, cap_drop, ports } = { ...service["<<"], ...service } as Service;
    assert.ok(read_only && cap_drop.includes("ALL"), name);
    assert.deepEqual(ports ?? [], published[name] ?? []);
  }
});

test("docs/running.md: each service is run with what it starts with, on the port that it is asked at", () => {
  const page = readFileSync(join(ROOT, "docs/running.md"), "utf8");
  const runs = page.replaceAll("\\\n", "").match(/^docker run .*$/gm) ?? [];
  const shell: Record<string, string> = {
    DATABASE_URL: "postgresql://postgres.example.com/gpudev",
  };
  const seen = runs.map((line) => {
    const words = [...line.matchAll(/--env ([A-Z_]+)(?:=(\S+))?/g)];
    const env = Object.fromEntries(
      words.map(([, name = "", value]) => [name, value ?? shell[name] ?? ""]),
    );
    const [, image = ""] = /airlock-([\w-]+):dev/.exec(line) ?? [];
    const schema = line.includes("migrate-main.js") ? migrateSchema : SCHEMAS[image];
    if (schema) assert.doesNotThrow(() => loadSettings(schema, env), line);
    if (schema && image !== "gateway" && image !== "aux" && schema !== migrateSchema)
      assert.equal(env.PORT, "8080", line);
    return image;
  });
  assert.deepEqual(seen, ["local-aws", "aux", "gateway", "jobs", "jobs", "processor"]);
});
