/** `dev` never serves old code, and restarts no more than it has to. */
import assert from "node:assert/strict";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { copyCheckout } from "./checkout.ts";
import { linesOf, type Run, start, statusOf } from "./harness.ts";

interface Restart {
  readonly restarting: readonly string[];
  readonly files: readonly string[];
}

const restartsOf = (run: Run): Restart[] =>
  linesOf(run).filter((line) => Array.isArray(line.restarting)) as unknown as Restart[];
/** How often a service has come to be ready. */
const readyOf = (run: Run, service: string): number =>
  linesOf(run).filter(({ of, ms }) => of === service && ms !== undefined).length;

async function until(what: string, run: Run, isTrue: () => boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (!isTrue()) {
    assert.ok(performance.now() < end, `${what}\n${run.stdout().slice(-3000)}\n${run.stderr()}`);
    await sleep(10);
  }
}

test("in one checkout, which each leaves as it was", async (t) => {
  const copy = await copyCheckout(t);

  await t.test(
    "saves by rename, checkouts and mended errors: each one restart of the right services, with the new code",
    async (t) => {
      const run = await start(t, ["--watch", "--only=pair"], {}, undefined, copy);
      await run.ready();
      const about = "services/gateway/src/routes/about.ts";
      const shared = "packages/http/src/probes.ts";
      const inner = "services/aux/src/routes/about.ts";
      const text = new Map<string, string>();
      for (const file of [about, shared, inner]) {
        text.set(file, await readFile(join(copy, file), "utf8"));
      }
      let saves = 0;
      const tookMs: number[] = [];
      const save = async (
        file: string,
        services: readonly string[],
        write: () => Promise<void>,
      ) => {
        const before = services.map((service) => readyOf(run, service));
        const sinceMs = performance.now();
        await write();
        saves++;
        const isBack = () =>
          services.every((service, index) => readyOf(run, service) > (before[index] ?? 0));
        await until(`save ${saves} of ${file}`, run, isBack);
        tookMs.push(Math.round(performance.now() - sinceMs));
        assert.equal(restartsOf(run).length, saves);
        const last = restartsOf(run).at(-1);
        assert.deepEqual([last?.restarting, last?.files], [services, [file]]);
      };
      const renameSave = async (file: string, content: string) => {
        await writeFile(join(copy, `${file}.draft`), content);
        await rename(join(copy, `${file}.draft`), join(copy, file));
      };
      const checkOut = async (file: string, content: string) => {
        await rm(join(copy, file));
        await writeFile(join(copy, file), content, { flag: "wx" });
      };
      const title = async () => {
        const body = await (await fetch(`${run.gateway}/version`)).json();
        return (body as { service: string }).service;
      };
      const versioned = (text.get(shared) ?? "").replace(
        "service: settings.SERVICE_NAME",
        'service: "saved"',
      );

      await save(shared, ["aux", "gateway"], () => renameSave(shared, versioned));
      assert.equal(await title(), "saved");
      await save(about, ["gateway"], () => checkOut(about, `${text.get(about)}// saved\n`));
      await save(inner, ["aux"], () => renameSave(inner, `${text.get(inner)}// saved\n`));

      // the session that aux had from the stand-in has gone with it
      const standIn = "packages/local-aws/src/seed.ts";
      const seed = await readFile(join(copy, standIn), "utf8");
      await save(standIn, ["local-aws", "aux"], () => renameSave(standIn, `${seed}// saved\n`));
      assert.equal(await statusOf(`${run.gateway}/config/my-parameter`), 200);

      await writeFile(join(copy, about), "const broken = ;\n");
      saves++;
      await until("the error is told", run, () =>
        /gateway has ended \(exit code 1\)/.test(run.stderr()),
      );
      assert.match(run.stderr(), /gateway: const broken = ;/);
      await save(about, ["gateway"], () => renameSave(about, text.get(about) ?? ""));
      assert.equal(await title(), "saved");
      t.diagnostic(
        `${saves} saves, ${restartsOf(run).length} restarts, ready again after ${tookMs.join(", ")} ms`,
      );
    },
  );

  await t.test("an error that is there from the beginning is waited for", async (t) => {
    const file = join(copy, "services/gateway/src/app.ts");
    const text = await readFile(file, "utf8");
    await writeFile(file, `const broken = ;\n${text}`);
    const run = await start(t, ["--watch", "--only=gateway"], {}, undefined, copy);
    await run.ready();
    assert.match(run.stderr(), /Ready but for gateway\./);
    await writeFile(file, text);
    await until("it starts", run, () => readyOf(run, "gateway") === 1);
    run.process.kill("SIGTERM");
    assert.equal(await run.exit(), 0, run.stderr());
  });

  await t.test(
    "a file that a setting names, and that was wrong, starts its service once it is mended",
    async (t) => {
      const file = join(copy, "policy.yaml");
      await writeFile(file, "version: none\n");
      const more = { ACCESS_POLICY_FILE: "policy.yaml" };
      const run = await start(t, ["--watch", "--only=aux"], more, undefined, copy);
      await run.ready();
      assert.match(run.stderr(), /Ready but for aux\./);
      assert.match(run.stderr(), /aux: ACCESS_POLICY_FILE cannot be used/);
      const policy = await readFile(join(copy, "scripts/src/start/access-policy.yaml"), "utf8");
      await writeFile(`${file}.draft`, policy);
      await rename(`${file}.draft`, file);
      await until("aux starts", run, () => readyOf(run, "aux") === 1);
      await writeFile(file, `${policy}# again\n`);
      const replaced = () => run.stdout().includes("access policy replaced");
      await until("aux reads it again by itself", run, replaced);
      assert.equal(restartsOf(run).length, 1);
    },
  );
});
