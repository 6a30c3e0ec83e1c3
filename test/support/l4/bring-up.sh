#!/bin/sh
# What a user's own script does over ssh: brings a release up on each server of a pool. Here a server is
# a network namespace; the file `hosts` beside this copy has lines of ADDRESS PID. usage: bring-up.sh FOLDER [PROGRAM]
set -eu
here=$1
for member in $CUTOVER_MEMBERS; do
  address=${member%:*} port=${member##*:}
  pid=$(sed -n "s/^$address //p" "$here/hosts")
  old="$here/server-$address-$port"
  if [ -s "$old" ]; then
    kill "$(cat "$old")" 2> /dev/null || :
    while kill -0 "$(cat "$old")" 2> /dev/null; do sleep 0.02; done
  fi
  HOST=0.0.0.0 PORT=$port setsid nsenter --net="/proc/$pid/ns/net" node "${2:-server.js}" > "$here/log-$address-$port" 2>&1 < /dev/null &
  echo $! > "$old"
done
echo "release $CUTOVER_RELEASE is being brought up on $CUTOVER_MEMBERS"
