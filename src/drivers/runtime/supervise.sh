#!/bin/sh
# Keeps one release running in one slot after cutover has gone: starts it again when it crashes,
# bounds its log, and ends it on TERM. Written by cutover; not to be edited.
# usage: supervise SLOT_DIR INSTANCE LOG LOG_BYTES [USER]
slot=$1 instance=$2 log=$3 limit=$4 user=$5
cd "$slot" || exit 1

identity() { # prints BOOT/START_TICKS of a process
  read -r boot < /proc/sys/kernel/random/boot_id
  read -r stat < "/proc/$1/stat" || return 1
  set -- ${stat##*) }
  printf '%s/%s' "$boot" "${20}"
}

record() { # record FILE WORDS...: readers see the old or the new file
  file=$1
  shift
  printf '%s\n' "$*" > "$file.new" && mv -f "$file.new" "$file"
}

# A supervisor that comes up after its slot was given to another instance must not start anything.
wanted() { [ "$(cat instance 2> /dev/null)" = "$instance" ]; }

# What the launch itself needs stands in $1 to $4, where no variable of the application can change it.
launch() {
  set -- "$user" "$setsid" "$setpriv" "$group"
  set -a
  . ./env
  set +a
  [ -n "$1" ] || exec "$2" ./run
  exec "$2" "$3" --reuid "$1" --regid "$4" --init-groups -- ./run
}

# Copy, then empty: the application keeps its open file, so a few lines may go missing in between.
bound_log() { [ "$(wc -c < "$log")" -le "$limit" ] || { cp "$log" "$log.1" && : > "$log"; }; }

# A zombie has ended too.
app_runs() {
  read -r stat 2> /dev/null < "/proc/$app/stat" || return 1
  set -- ${stat##*) }
  [ "$1" != Z ]
}

# The whole group; in its first moment it is not yet one.
signal_app() { [ -n "$app" ] && { kill -s "$1" -- "-$app" || kill -s "$1" "$app"; } 2> /dev/null; }

stop_app() {
  stopping=yes
  signal_app TERM
}

pause() { # unlike a plain sleep it ends when a signal comes, or a child goes
  sleep "$1" &
  # Both may have been before it waits, and then would not end it.
  [ -z "$stopping" ] || [ "$1" != "$long" ] || kill $!
  wait $!
  kill $! 2> /dev/null
}

wanted || exit 0
app='' stopping='' restarts=0 delay=1 long=5
setsid=$(command -v setsid) setpriv=$(command -v setpriv) group=${user:+$(id -g "$user")}
trap stop_app TERM INT
trap '' HUP
exec >> "$log" 2>&1 < /dev/null
rm -f app exit
record supervisor $$ "$(identity $$)"

while [ -z "$stopping" ] && wanted; do
  began=$(date +%s)
  launch &
  app=$!
  record app "$app" "$(identity "$app")" "$began" "$restarts"
  [ -z "$stopping" ] || signal_app TERM
  trap : CHLD
  while app_runs; do
    if [ -n "$stopping" ]; then pause 0.05; else pause "$long"; fi
    bound_log
  done
  trap - CHLD
  wait "$app"
  code=$?
  while [ -n "$stopping" ] && signal_app 0; do pause 0.02; done
  signal_app KILL
  app=''
  ended=$(date +%s)
  record exit "$code" "$ended"
  [ -n "$stopping" ] && break
  restarts=$((restarts + 1))
  [ $((ended - began)) -ge 60 ] && delay=1
  pause "$delay"
  [ "$delay" -lt 30 ] && delay=$((delay * 2))
done
rm -f supervisor
