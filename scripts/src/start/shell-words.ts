/** Words for bash, zsh and dash alike. */

/** As it is where no shell would read anything into it, else in quotes. */
export const shellWord = (text: string): string =>
  /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
