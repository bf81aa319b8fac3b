/** The upstream's name: other addresses, no address, no answer. The gateway's own resolver on a scripted one. */
import type { LookupAddress } from "node:dns";
import { mock } from "node:test";
import { Resolver } from "../../../services/gateway/src/resolver.ts";
import { sleep } from "../rig/waiting.ts";
import type { Scenario, Stage } from "../scenario.ts";

const OLD: LookupAddress = { address: "127.0.0.1", family: 4 };
const NEW: LookupAddress = { address: "127.0.0.2", family: 4 };
/** The age at which the resolver asks again. */
const FRESH_MS = 10_000;

type Answer = () => Promise<LookupAddress[]>;

export const dns: Scenario = {
  name: "dns",
  how: "F8: the gateway's resolver with a scripted name server behind it, and a clock that is moved by hand",
  async run(_size, stage) {
    mock.timers.enable({ apis: ["setInterval"] });
    stage.defer(() => mock.timers.reset());
    let clockMs = performance.now();
    const clock = mock.method(performance, "now", () => clockMs);
    stage.defer(() => clock.mock.restore());
    const pass = async (ms: number) => {
      clockMs += ms;
      mock.timers.tick(ms);
      await sleep(1);
    };

    let answer: Answer = async () => [OLD];
    let pending = 0;
    let mostPending = 0;
    let changes = 0;
    const resolver = new Resolver(
      "aux.test",
      () => changes++,
      async () => {
        mostPending = Math.max(mostPending, ++pending);
        return answer().finally(() => pending--);
      },
    );
    stage.defer(() => resolver.stop());
    const addressNow = () =>
      new Promise<string>((resolve) => {
        resolver.lookup("aux.test", { family: 4 }, (error, address) =>
          resolve(error ? `${error.code}` : String(address)),
        );
      });
    await addressNow();

    await duringOutage(stage, "NXDOMAIN for 30 s", addressNow, pass, () => {
      answer = async () => Promise.reject(Object.assign(new Error("no"), { code: "ENOTFOUND" }));
    });
    const hung = Promise.withResolvers<LookupAddress[]>();
    await duringOutage(stage, "look-ups hang for 30 s", addressNow, pass, () => {
      answer = () => hung.promise;
    });
    stage.check(
      "F8: look-ups at once",
      "≤ 2",
      mostPending <= 2,
      "1200 connections",
      String(mostPending),
    );
    hung.resolve([OLD]);
    await sleep(1);

    answer = async () => [NEW];
    let followedMs = 0;
    while ((await addressNow()) !== NEW.address && followedMs < 60_000) {
      await pass(1000);
      followedMs += 1000;
    }
    stage.within("F8: a change is followed", 30_000, followedMs, "1 change, moved clock");
    stage.check(
      "F8: connections are told of the change",
      "1",
      changes === 1,
      "1 change",
      `${changes}`,
    );
  },
};

/** Connects 20 times a second through an outage of 30 seconds. */
async function duringOutage(
  stage: Stage,
  title: string,
  addressNow: () => Promise<string>,
  pass: (ms: number) => Promise<void>,
  begin: () => void,
): Promise<void> {
  begin();
  let wrong = 0;
  for (let second = 0; second < 30; second++) {
    for (let n = 0; n < 20; n++) if ((await addressNow()) !== OLD.address) wrong++;
    await pass(1000);
  }
  await pass(FRESH_MS);
  stage.check(
    `F8: ${title}: connections without the old address`,
    "0",
    wrong === 0,
    "600 connections",
    String(wrong),
  );
}
