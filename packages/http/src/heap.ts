/** When V8 collects the whole heap. */
import { setFlagsFromString } from "node:v8";

/**
 * By default V8 lets the heap of a busy service of 27 MB grow by 12 MB, and counts bodies (which lie
 * outside of it) among them: at 60 KB each 200 requests or so would pay for a full collection. Up to
 * twice what lives, small collections free the bodies first.
 */
export function collectSeldom(): void {
  setFlagsFromString("--heap-growing-percent=100");
}
