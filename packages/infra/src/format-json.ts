/** JSON as the repository's formatter leaves it, so that a generated file passes it. */

const WIDTH = 100;

export const formatJson = (value: unknown): string => `${format(value, "", 0)}\n`;

/** @param used characters of the line before the value and after it, the indent left out. */
function format(value: unknown, indent: string, used: number): string {
  const deeper = `${indent}  `;
  /** A member each line; all but the last have a comma behind them. */
  const block = (open: string, members: readonly Member[], close: string) => {
    const lines = members.map(({ key, value: member }, index) => {
      const comma = index < members.length - 1 ? "," : "";
      return deeper + key + format(member, deeper, key.length + comma.length) + comma;
    });
    return `${open}\n${lines.join("\n")}\n${indent}${close}`;
  };
  if (Array.isArray(value)) {
    const isFlat = value.every((one) => typeof one !== "object");
    const line = `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
    if (isFlat && indent.length + used + line.length <= WIDTH) return line;
    return block(
      "[",
      value.map((one) => ({ key: "", value: one })),
      "]",
    );
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value);
  if (entries.length === 0) return "{}";
  return block(
    "{",
    entries.map(([name, member]) => ({ key: `${JSON.stringify(name)}: `, value: member })),
    "}",
  );
}

interface Member {
  readonly key: string;
  readonly value: unknown;
}
