# What each login runs: a shell of the image's, or what was asked for, with the variables of the job.
command=$SSH_ORIGINAL_COMMAND
. /run/airlock/environment
unset SSH_ORIGINAL_COMMAND
export HOME=/home/dev USER=dev LOGNAME=dev
# who asks for the name of a user without one is told by the tools
export NSS_WRAPPER_PASSWD=/run/airlock/passwd NSS_WRAPPER_GROUP=/run/airlock/group
export SHELL=/opt/airlock/bin/sh
for shell in /bin/bash /usr/bin/bash /bin/sh; do
  [ -x $shell ] && export SHELL=$shell && break
done
[ -z "$command" ] || exec "$SHELL" -c "$command"
# no login shell: /etc/profile would put another PATH in the place of the image's
[ ! -t 1 ] || [ ! -s /etc/airlock/notice ] || /opt/airlock/bin/busybox cat /etc/airlock/notice
exec "$SHELL"
