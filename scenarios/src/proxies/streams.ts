/** What takes long because it is large, or its client slow. */
import { createHash } from "node:crypto";
import { request } from "node:http";
import { sleep } from "../rig/waiting.ts";
import { duration, type Stage } from "../scenario.ts";
import type { Door } from "./proxy.ts";
import type { ProxyRig } from "./rig.ts";

const BYTES = 100_000_000;
const CUT_AT = 40_000_000;
const BUCKET = "airlock-data-dev";
const PIECES = 12;

/** A body that takes 12 s, a piece a second. */
export async function slowUpload(stage: Stage, _rig: ProxyRig, { url }: Door): Promise<void> {
  const names = Array.from({ length: 60 }, (_, n) => `/none/${n}-${"x".repeat(500)}`);
  const body = JSON.stringify({ names: ["/airlock/dev/database/host", ...names] });
  const size = Math.ceil(body.length / PIECES);
  const startedAt = performance.now();
  const status = await new Promise<number | string>((resolve) => {
    const headers = { "content-type": "application/json", "content-length": body.length };
    const outgoing = request(`${url}/config/batch`, { method: "POST", headers, agent: false });
    outgoing.on("error", (error) => resolve(error.message));
    outgoing.on("response", (answer) => resolve(answer.resume().statusCode ?? 0));
    void (async () => {
      for (let piece = 0; piece < PIECES; piece++) {
        await sleep(1000);
        outgoing.write(body.slice(piece * size, (piece + 1) * size));
      }
      outgoing.end();
    })();
  });
  const took = duration(performance.now() - startedAt);
  stage.check("an upload of 12 s", "200", status === 200, "1 request", `${status} after ${took}`);
}

interface Part {
  readonly status: number;
  readonly etag: string;
  readonly bytes: number;
}

export async function largeObject(stage: Stage, rig: ProxyRig, door: Door): Promise<void> {
  const sha256 = await rig.pair.aws.bigObject(BUCKET, "large.bin", BYTES);
  const url = `${door.url}/storage/${BUCKET}/large.bin`;
  /** Reads on until so many bytes are there. */
  const read = async (hash: ReturnType<typeof createHash>, headers = {}, most = BYTES) => {
    const controller = new AbortController();
    const answer = await fetch(url, { headers, signal: controller.signal });
    const part = { status: answer.status, etag: answer.headers.get("etag") ?? "", bytes: 0 };
    for await (const chunk of answer.body ?? []) {
      const wanted = chunk.subarray(0, most - part.bytes);
      hash.update(wanted);
      part.bytes += wanted.length;
      if (part.bytes === most) break;
    }
    controller.abort();
    return part satisfies Part;
  };
  const whole = createHash("sha256");
  await read(whole);
  stage.check("100 MB", "byte for byte", whole.digest("hex") === sha256, "1 object", "as it is");
  const resumed = createHash("sha256");
  const first = await read(resumed, {}, CUT_AT);
  const headers = { range: `bytes=${CUT_AT}-`, "if-range": first.etag };
  const { status } = await read(resumed, headers, BYTES - CUT_AT);
  const isSame = status === 206 && resumed.digest("hex") === sha256;
  stage.check("100 MB, cut at 40 and resumed", "byte for byte", isSame, "1 object", `${status}`);
  const spooled = await door.spooledBytes();
  stage.check("of bodies and answers on disk", "0 B", spooled === 0, "its folder", `${spooled} B`);
}
