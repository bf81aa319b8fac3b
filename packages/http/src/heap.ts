/** When V8 collects the whole heap. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * By default V8 lets the heap of a busy service of 27 MB grow by 12 MB, and counts bodies (which lie
 * outside of it) among them: at 60 KB each 200 requests or so would pay for a full collection. Up to
 * twice what lives, small collections free the bodies first.
 *
 * And it shrinks the heap of who has had nothing to do for some seconds: the next requests would find a
 * young space so small that all of what belongs to them grows old, and wait for the full collections of
 * that. A pod has its memory whether it uses it or not.
 */
export function collectSeldom(): void {
  setFlagsFromString("--heap-growing-percent=100");
  setFlagsFromString("--memory-reducer-gc-count=0");
}

/**
 * Gives back what a start has needed and nobody needs any more, a sixth of a gateway's anonymous memory:
 * V8 would do so only once the heap has grown to twice of it. It takes 50 to 100 ms.
 */
export function giveBackStart(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as (how: Readonly<Record<string, string>>) => void;
  setFlagsFromString("--no-expose-gc");
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
}
