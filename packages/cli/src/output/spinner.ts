/** One line on stderr that shows that something goes on. */
import { cut } from "./text-width.ts";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 100;
const ERASE = "\r\x1b[K";

export interface Spinner {
  show(text: string): void;
  clear(): void;
}

/** @param terminal undefined where nobody looks. */
export function createSpinner(
  terminal: { write(text: string): unknown } | undefined,
  columns: () => number,
): Spinner {
  if (!terminal) return { show() {}, clear() {} };
  let timer: NodeJS.Timeout | undefined;
  let text = "";
  let frame = 0;
  const draw = () => {
    const sign = FRAMES[frame++ % FRAMES.length];
    terminal.write(`${ERASE}${sign} ${cut(text, columns() - 3)}`);
  };
  return {
    show(next) {
      text = next;
      if (timer) return draw();
      draw();
      // it must not keep the process alive
      timer = setInterval(draw, FRAME_MS).unref();
    },
    clear() {
      if (!timer) return;
      clearInterval(timer);
      timer = undefined;
      terminal.write(ERASE);
    },
  };
}
