/** Words as one line for /bin/sh, which reads them as they were. */
export const shellLine = (words: readonly string[]): string => words.map(shellWord).join(" ");

export const shellWord = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
