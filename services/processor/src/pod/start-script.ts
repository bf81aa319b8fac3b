/** What the job's container runs: nothing of a user's stands in it. */

/** A user that the image does not know has / for a home. */
const HOME = `[ -w "\${HOME:-/}" ] || export HOME=/home/dev`;

/**
 * The command comes by the environment, where no shell and no manifest reads it before its own does.
 * The first process of a container is not ended by SIGTERM unless it says so; one that comes before the
 * command has its number is passed on as soon as it has. A wait that a signal has interrupted says nothing of the
 * command, and one for what has been told already says 127.
 */
const RUN = `\
child= stop=
trap 'stop=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM INT
sh -c "$AIRLOCK_COMMAND" & child=$!
[ -z "$stop" ] || kill -TERM "$child" 2>/dev/null
wait "$child"; code=$?
while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
wait "$child"; last=$?
[ "$last" = 127 ] || code=$last`;

const STAY = `\
trap 'exit 0' TERM INT
while :; do sleep 3600 & wait "$!"; done`;

export function startScript({ hasCommand, keep }: StartWishes): string {
  if (!hasCommand) return `${HOME}\n${STAY}`;
  if (!keep) return `${HOME}\n${RUN}\nexit "$code"`;
  return `${HOME}\n${RUN}\necho "airlock: the command ended with exit code $code; the job goes on"\n${STAY}`;
}

export interface StartWishes {
  readonly hasCommand: boolean;
  readonly keep: boolean;
}
