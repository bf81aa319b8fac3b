/** `pnpm acceptance`: the tests against what answers at BASE_URL, and what of them was not run. */
import { glob } from "node:fs/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { BASE_URL, callAt, documentCheck, type Reply } from "./client.ts";
import { NOT_RUN } from "./given.ts";

/** Why there is nothing to test; undefined when there is. */
async function whyNothing(): Promise<string | undefined> {
  let root: Reply;
  try {
    root = await callAt(`${BASE_URL.origin}/`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return `nobody answers at ${BASE_URL.origin} (${code ?? message}). Start it, as by: pnpm start; or name another: BASE_URL=…`;
  }
  if (!root.text.includes('"public_gateway"')) {
    return `what answers at ${BASE_URL.origin} is no gateway: ${root.status} to /`;
  }
  const { status } = await callAt(`${BASE_URL.origin}/config?limit=1`);
  if (status === 401)
    return `${BASE_URL.origin} asks its callers for proof, which these tests have not`;
  return undefined;
}

const why = await whyNothing();
if (why !== undefined) {
  process.stderr.write(`acceptance: ${why}\n`);
  process.exit(1);
}
const [, , ...asked] = process.argv;
const patterns = asked.length > 0 ? asked : ["*.test.ts"];
const cwd = fileURLToPath(new URL(".", import.meta.url));
const files: string[] = [];
for await (const file of glob(patterns, { cwd })) files.push(cwd + file);
const notRun: string[] = (await documentCheck())
  ? []
  : [`${NOT_RUN}each answer against the OpenAPI document: /openapi.json is not served (DOCS=off)`];
const events = run({ files: files.sort(), concurrency: true });
events.on("test:stdout", ({ message }) => {
  notRun.push(...message.split("\n").filter((line) => line.startsWith(NOT_RUN)));
});
events.on("test:fail", () => {
  process.exitCode = 1;
});
events.compose(spec).pipe(process.stdout);
events.on("end", () => {
  const lines = notRun.map((line) => `  ${line.slice(NOT_RUN.length)}`);
  // after what the reporter has still to say
  process.on("exit", () => {
    if (lines.length > 0) process.stdout.write(`\nNot run:\n${lines.join("\n")}\n`);
  });
});
