/** JSON as the repository's formatter leaves it, so that a generated file passes it. */

const WIDTH = 100;

export const formatJson = (value: unknown): string => `${format(value, "", 0)}\n`;

/** @param used characters of the line that stand before the value or after it. */
function format(value: unknown, indent: string, used: number): string {
  const deeper = `${indent}  `;
  const block = (open: string, lines: readonly string[], close: string) =>
    `${open}\n${lines.map((line) => deeper + line).join(",\n")}\n${indent}${close}`;
  if (Array.isArray(value)) {
    const isFlat = value.every((one) => typeof one !== "object");
    const line = `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
    if (isFlat && indent.length + used + line.length <= WIDTH) return line;
    return block(
      "[",
      value.map((one) => format(one, deeper, 1)),
      "]",
    );
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => {
    const key = `${JSON.stringify(name)}: `;
    return key + format(member, deeper, key.length + 1);
  });
  return block("{", members, "}");
}
