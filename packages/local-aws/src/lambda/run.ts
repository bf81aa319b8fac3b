// The process of a function: loads the handler that the environment names, as on AWS, and serves it.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { awslambda } from "./response-stream.ts";
import { serveFunction } from "./serve.ts";

const {
  AWS_LAMBDA_RUNTIME_API: host = "127.0.0.1:4566",
  LAMBDA_TASK_ROOT: root = ".",
  _HANDLER: name = "lambda.handler",
  LAMBDA_PLACES: places = "1",
} = process.env;

Object.assign(globalThis, { awslambda });
serveFunction(await loadHandler(), { host, places: Number(places) });
const line = { time: new Date().toISOString(), level: "info", service: "lambda", msg: "listening" };
process.stdout.write(`${JSON.stringify(line)}\n`);
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));

async function loadHandler(): Promise<object> {
  const [module = "", exported = ""] = name.split(".");
  const files = [".mjs", ".js", ".ts"].map((ending) => join(root, `${module}${ending}`));
  const file = files.find((one) => existsSync(one));
  if (file === undefined) throw new Error(`there is no ${module} in ${root}`);
  const loaded: Record<string, unknown> = await import(pathToFileURL(file).href);
  const found = loaded[exported];
  if (typeof found !== "function") throw new Error(`${file} exports no function ${exported}`);
  return found;
}
