/** Whether a stream is to be coloured, and how states are. */
import { styleText } from "node:util";
import type { Environment } from "../environment.ts";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";
export type Paint = (style: Style, text: string) => string;

/** https://no-color.org, https://bixense.com/clicolors */
export function wantsColour(env: Environment, isTerminal: boolean): boolean {
  if (env.NO_COLOR) return false;
  const force = env.CLICOLOR_FORCE || env.FORCE_COLOR;
  if (force) return force !== "0";
  return isTerminal && env.TERM !== "dumb" && env.CLICOLOR !== "0";
}

export const painter = (isOn: boolean): Paint =>
  isOn ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text;

const STATE_STYLES: Readonly<Record<string, Style>> = {
  queued: "yellow",
  pending: "yellow",
  preparing: "cyan",
  creating_server: "cyan",
  active: "green",
  completed: "green",
  failed: "red",
  expired: "dim",
  cancelled: "dim",
};

/** The word stays as it is: colour alone tells nothing. */
export function paintState(paint: Paint, state: string): string {
  const style = STATE_STYLES[state];
  return style ? paint(style, state) : state;
}
