/** A plain nginx of one process, with its own configuration in a temporary directory. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROXY_CORE, startChild } from "../child.ts";
import { freePort } from "./free-port.ts";
import { type Absent, type RunningProxy, whenAnswering } from "./proxy.ts";

const NAME = "nginx";

export async function startNginx(
  upstreamPort: number,
  directory: string,
): Promise<RunningProxy | Absent> {
  if (nginxVersion() === undefined) return { name: NAME, reason: "nginx absent" };
  const port = await freePort();
  const file = join(directory, "nginx.conf");
  writeFileSync(file, configuration(port, upstreamPort, directory));
  const child = startChild({
    name: NAME,
    command: NAME,
    args: ["-p", directory, "-c", file, "-e", join(directory, "nginx-error.log")],
    env: {},
    core: PROXY_CORE,
  });
  return whenAnswering({ name: NAME, port, prefix: "/config/", child, isJustInTime: false });
}

/** Undefined where there is none. */
export function nginxVersion(): string | undefined {
  const { stderr } = spawnSync(NAME, ["-v"], { encoding: "utf8" });
  return /nginx\/([\d.]+)/.exec(stderr ?? "")?.[1];
}

/**
 * As fast as a plain configuration goes: no access log, connections that never age, and buffers
 * that hold the largest body, so that no answer takes a way over a file.
 */
function configuration(port: number, upstreamPort: number, directory: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (what) => `  ${what}_temp_path ${join(directory, what)};`,
  );
  return `
daemon off;
master_process off;
worker_processes 1;
pid ${join(directory, "nginx.pid")};
events { worker_connections 1024; }
http {
${temporary.join("\n")}
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  proxy_buffers 16 8k;
  upstream parameters {
    server 127.0.0.1:${upstreamPort};
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    location /config/ {
      proxy_pass http://parameters/parameters/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;
}
