/** How shapes of objects are written down. */

export type Shape =
  | "text"
  | "number"
  | "boolean"
  | "quantity"
  | "base64"
  | "textOrNumber"
  | "anything"
  | { readonly map: Shape }
  | { readonly list: Shape }
  | { readonly members: Members };

export type Members = Readonly<Record<string, Shape>>;

export const struct = (members: Members): Shape => ({ members });
export const list = (shape: Shape): Shape => ({ list: shape });
export const map = (shape: Shape): Shape => ({ map: shape });
export const texts = list("text");
export const textMap = map("text");
