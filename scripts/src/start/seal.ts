/** Makes this process indifferent to the shell it was started from; libraries read variables by themselves. */

/** What would change how its own connections to Postgres are made. */
const OF_LIBRARIES = /^PG[A-Z]/;

/**
 * @param env of this process; what would lead its libraries astray is taken out of it.
 * @returns what the shell had.
 */
export function seal(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const shell = { ...env };
  for (const name of Object.keys(env)) if (OF_LIBRARIES.test(name)) delete env[name];
  // files of a run are as private as it makes them, and no more: others have to run some of them
  process.umask(0o022);
  return shell;
}
