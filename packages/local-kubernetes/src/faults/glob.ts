/** Names with `*` for any characters. */

export function isLike(glob: string, text: string): boolean {
  const pattern = glob.replaceAll(/[\\^$.+?()[\]{}|]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${pattern}$`, "s").test(text);
}
