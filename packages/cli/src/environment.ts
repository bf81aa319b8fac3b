/** The environment that this program was started with; main.ts hands it on. */
export type Environment = Readonly<Record<string, string | undefined>>;
