# The first process of a job's container, run by a busybox of its own, as nothing is asked of the image.
#
#   start.sh stay | run | run-and-stay
#
# The command comes by the environment, where no shell and no manifest reads it before its own does.
how=$1
tools=/opt/airlock
state=/run/airlock
log=$state/sshd.log
umask 022
export HOME=/home/dev
# behind what the image has
export PATH="${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}:$state/bin:$tools/bin"
shell=/bin/sh
[ -x $shell ] || shell=$tools/bin/sh

busybox() { $tools/bin/busybox "$@"; }

# what an image does not have, such as `ls` in an empty one
busybox mkdir -p $state/bin
busybox --install -s $state/bin

# Logins have the job's variables; what is theirs alone stays theirs.
(
  unset AIRLOCK_COMMAND OLDPWD PWD SHLVL TERM
  unset SSH_AUTH_SOCK SSH_CLIENT SSH_CONNECTION SSH_ORIGINAL_COMMAND SSH_TTY
  export -p
) | (umask 077 && busybox cat >$state/environment)

serve() {
  # for sshd alone: whoever it runs as is `dev`
  uid=$(busybox id -u) gid=$(busybox id -g)
  echo "dev:x:$uid:$gid:dev:/home/dev:$tools/bin/sh" >$state/passwd
  echo "dev:x:$gid:" >$state/group
  if [ "$uid" = 0 ]; then
    # whom it is before it knows who logs in
    echo "sshd:x:65534:65534:sshd:/run/sshd:/nonexistent" >>$state/passwd
    busybox mkdir -p /run/sshd && busybox chmod 755 /run/sshd
  fi
  (umask 077 && busybox cat /etc/airlock/ssh_host_ed25519_key >$state/ssh_host_ed25519_key)
  export NSS_WRAPPER_PASSWD=$state/passwd NSS_WRAPPER_GROUP=$state/group
  while :; do
    # its words are not the job's
    $tools/bin/sshd -D -f $tools/sshd_config -E $log
    echo "airlock: sshd ended with exit code $?: $(busybox tail -n 1 $log)" >&2
    busybox sleep 5
  done
}

# each probe of the port leaves its lines
keep_log_short() {
  while busybox sleep 60; do
    [ "$(busybox stat -c %s $log)" -lt 1048576 ] || : >$log
  done
}

# Jupyter runs while its switch is there, a file with the token that it asks for; where the image has none, as soon as
# somebody has installed it.
follow_jupyter() {
  pid= token= told=
  while :; do
    wanted=$(busybox cat /etc/airlock/jupyter_token 2>/dev/null)
    if [ -n "$pid" ] && { [ "$wanted" != "$token" ] || ! kill -0 "$pid" 2>/dev/null; }; then
      kill -TERM "-$pid" 2>/dev/null && busybox sleep 3
      kill -KILL "-$pid" 2>/dev/null
      wait "$pid"
      pid=
    fi
    if [ -n "$wanted" ] && [ -z "$pid" ]; then
      program=$(PATH="$PATH:$HOME/.local/bin" && command -v jupyter)
      if [ -n "$program" ]; then
        token=$wanted
        # in its environment, which nobody else reads, and with a group of its own for all that it starts
        (
          export JUPYTER_TOKEN="$token"
          exec $tools/bin/busybox setsid "$program" lab --no-browser --ip=0.0.0.0 --port=8888 --allow-root
        ) >$state/jupyter.log 2>&1 </dev/null &
        pid=$!
      elif [ -z "$told" ]; then
        echo "airlock: Jupyter is to run, and the image has none: it starts after \"pip install jupyterlab\"" >&2
        told=1
      fi
    fi
    busybox sleep 2
  done
}

stay() {
  # the first process of a container is not ended by SIGTERM unless it says so
  trap 'exit 0' TERM INT
  while :; do
    busybox sleep 3600 &
    wait "$!"
  done
}

# A SIGTERM that comes before the command has its number is passed on as soon as it has.
run() {
  child= stop=
  trap 'stop=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM INT
  "$shell" -c "$AIRLOCK_COMMAND" &
  child=$!
  [ -z "$stop" ] || kill -TERM "$child" 2>/dev/null
  wait "$child"
  code=$?
  while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    code=$?
  done
  # one that a signal has interrupted says nothing of the command; of what has been told already it is 127
  wait "$child"
  last=$?
  [ "$last" = 127 ] || code=$last
}

serve &
follow_jupyter &
keep_log_short 2>/dev/null &
[ "$how" = stay ] || run
[ "$how" != run ] || exit "$code"
[ "$how" = stay ] || echo "airlock: the command ended with exit code $code; the job goes on"
stay
