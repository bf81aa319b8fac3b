/** Which part of the gateway a function of its CPU profile belongs to. */

/** The first that matches the script's address wins. */
const AREAS: readonly (readonly [RegExp, string])[] = [
  [/services\/gateway\/src\/upstream\//, "gateway: upstream"],
  [/services\/gateway\/src\//, "gateway: routes"],
  [/packages\/http\/src\//, "packages/http"],
  [/packages\/contract\/src\//, "packages/contract"],
  [/\/undici\//, "undici"],
  [/\/(?:pino|sonic-boom|@pinojs|safe-stable-stringify|quick-format-unescaped)[^/]*\//, "pino"],
  [/\/prom-client/, "prom-client"],
  [/\/(?:fastify|find-my-way|light-my-request|@fastify|zod|fast-)[^/]*\//, "Fastify"],
  [/^node:_http|^node:internal\/http/, "node: http"],
  [/^node:net|stream_base_commons/, "node: net"],
  [/^node:internal\/(?:streams|webstreams)|^node:stream/, "node: streams"],
  [/^node:internal\/timers|^node:timers/, "node: timers"],
  [/^node:events/, "node: events"],
  [/^node:internal\/(?:process|async_hooks|util|validators)|^node:async/, "node: ticks, promises"],
  [/^node:internal\/crypto|^node:crypto/, "node: crypto"],
  [/^node:/, "node: other"],
  [/node_modules/, "other packages"],
];

/** Functions without a script are V8's or Node's own native ones. */
const NATIVE: Readonly<Record<string, string>> = {
  "(garbage collector)": "garbage collector",
  "(idle)": "idle",
  "(program)": "native code without a frame (read, write, epoll, parser)",
  "(root)": "idle",
  writev: "socket writes",
  writeBuffer: "socket writes",
  writeUtf8String: "socket writes",
  writeLatin1String: "socket writes",
  writeAsciiString: "socket writes",
  now: "clock",
  consume: "HTTP parsers",
  execute: "HTTP parsers",
  llhttp_execute: "HTTP parsers",
};

export function areaOf(functionName: string, url: string): string {
  if (/^wasm:/.test(url)) return "HTTP parsers";
  const found = AREAS.find(([pattern]) => pattern.test(url));
  if (found) return found[1];
  return NATIVE[functionName] ?? "other native functions";
}
