/** Makes the module that becomes the Lambda. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));

/** The documentation's pages are files beside its code, and a Lambda shows none. */
const withoutDocs: Plugin = {
  name: "without docs",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/docs\.ts$/ }, ({ path }) => ({ path, namespace: "without docs" }));
    onLoad({ filter: /.*/, namespace: "without docs" }, () => ({ contents: "export {};" }));
  },
};

/** Some libraries are CommonJS, and ask for others when they are called. */
const BANNER = `import { createRequire as requireOf } from "node:module";
const require = requireOf(import.meta.url);`;

/** @param folder gets `lambda.mjs`, whose handler is `lambda.handler`. */
export async function makeBundle(folder = join(PACKAGE, "dist-lambda")): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const outfile = join(folder, "lambda.mjs");
  await build({
    entryPoints: [join(PACKAGE, "src/lambda.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    conditions: ["airlock-source"],
    minify: true,
    keepNames: true,
    legalComments: "none",
    banner: { js: BANNER },
    plugins: [withoutDocs],
    absWorkingDir: PACKAGE,
    logLevel: "warning",
  });
  return outfile;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outfile = await makeBundle();
  process.stdout.write(`${outfile.slice(PACKAGE.length)}\n`);
}
