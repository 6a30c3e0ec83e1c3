# The one program that changes the rules of this app in the kernel, and no others. Written by `cutover setup`.
# usage: switch show | split PERCENT | restore | pool POOL NUMBER... | count POOL | cut POOL [ADDRESS PORT] | flow ADDRESS PORT
export LC_ALL=C PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
cd "$folder" || exit 1

refuse() {
  echo "switch: $*" >&2
  exit 64
}

whole_number() { # whole_number TEXT MOST
  case $1 in '' | *[!0-9]* | ??????*) refuse "not a number: $1" ;; esac
  [ "$1" -le "$2" ] || refuse "too large: $1"
}

members() { # members POOL: lines of FAMILY ADDRESS PORT; `any *` where the slot is a port of this machine
  case $1 in
    blue) printf '%s\n' "$blue" ;;
    green) printf '%s\n' "$green" ;;
    *) refuse "no such pool: $1" ;;
  esac
}

in_use() { # in_use POOL: its members that get traffic; all of them unless it was said
  [ -s "in-$1" ] || { members "$1" && return; }
  number=0
  members "$1" | while read -r member; do
    grep -qx "$number" "in-$1" && echo "$member"
    number=$((number + 1))
  done
}

# A map is complete at any moment: each number of 0 to 99 leads to a pool.
elements() { # elements PERCENT_OF_GREEN
  case $1 in
    0) echo '0-99 : goto blue' ;;
    100) echo '0-99 : goto green' ;;
    *) echo "0-$(($1 - 1)) : goto green, $1-99 : goto blue" ;;
  esac
}

to_members() { # to_members KEYWORD MATCH: one rule for the members of one family on standard input, in turn
  count=0 targets=''
  while read -r family address port; do
    targets="$targets${targets:+, }$count : $address . $port" count=$((count + 1)) last=$address lastport=$port
  done
  [ "$count" -gt 0 ] || return 0
  case $1 in ip6) last="[$last]" ;; esac
  if [ "$count" -eq 1 ]; then
    echo "$2 meta l4proto $protocol dnat $1 to $last:$lastport"
  else
    echo "$2 meta l4proto $protocol dnat $1 to numgen inc mod $count map { $targets }"
  fi
}

pool_rules() { # pool_rules POOL
  in_use "$1" | while read -r family address port; do
    [ "$family" = any ] && echo "meta l4proto $protocol dnat to :$port"
  done
  in_use "$1" | grep '^4' | to_members ip 'meta nfproto ipv4'
  in_use "$1" | grep '^6' | to_members ip6 'meta nfproto ipv6'
}

door_rules() { # door_rules CHAIN: where what comes to the public address goes
  printf '%s\n' "$listen" | while read -r family address port; do
    case $family in
      any) echo "fib daddr type local $protocol dport $port goto $1" ;;
      4) echo "ip daddr $address $protocol dport $port goto $1" ;;
      6) echo "ip6 daddr $address $protocol dport $port goto $1" ;;
    esac
  done
}

# The kernel remembers a flow of UDP by its zone. In the next zone each flow is led anew, in one moment,
# while what the slot that it left still answers is translated by what is remembered of the zone before.
zones=9999

zone() {
  cat zone 2> /dev/null || echo 1
}

zone_rule() { # zone_rule NUMBER
  echo "ct original zone set $1"
}

zone_chains() {
  cat << END
  chain flows {
    $(zone_rule "$(zone)")
  }
  chain flows_in {
    type filter hook prerouting priority -300; policy accept;
$(door_rules flows)
  }
  chain flows_out {
    type filter hook output priority -300; policy accept;
$(door_rules flows)
  }
END
}

hide_clients() {
  { members blue && members green; } | sort -u | while read -r family address port; do
    [ "$family" = 4 ] && echo "ip daddr $address $protocol dport $port ct status dnat masquerade"
    [ "$family" = 6 ] && echo "ip6 daddr $address $protocol dport $port ct status dnat masquerade"
  done
}

table_text() { # table_text PERCENT_OF_GREEN
  cat << END
table inet $table {
  map slots {
    typeof numgen random mod 100 : verdict
    flags interval
    elements = { $(elements "$1") }
  }
  chain blue {
$(pool_rules blue)
  }
  chain green {
$(pool_rules green)
  }
  chain balance {
    numgen random mod 100 vmap @slots
    numgen random mod 100 vmap @slots comment "kernels before 6.17 may miss what is just being written"
  }
  chain prerouting {
    type nat hook prerouting priority -100; policy accept;
$(door_rules balance)
  }
  chain output {
    type nat hook output priority -100; policy accept;
$(door_rules balance)
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
$([ -z "$masquerade" ] || hide_clients)
  }
$([ "$protocol" = tcp ] || zone_chains)
}
END
}

# Whole, in one transaction, whatever is left of it.
load() { # load PERCENT_OF_GREEN
  { printf 'table inet %s\ndelete table inet %s\n' "$table" "$table" && table_text "$1"; } | nft -f -
}

record() { # record FILE TEXT: a power failure leaves the old or the new one
  printf '%s\n' "$2" > "$1.new" && sync "$1.new" && mv -f "$1.new" "$1"
}

# Exit code 65: the kernel can be asked, and there is no such table.
show() {
  nft --json list table inet "$table" && return
  nft list tables > /dev/null 2>&1 && exit 65
  exit 1
}

split() {
  whole_number "$1" 100
  printf 'flush map inet %s slots\nadd element inet %s slots { %s }\n' "$table" "$table" "$(elements "$1")" |
    nft -f - 2> /dev/null || load "$1" || exit 1
  record split "$1" && show
}

restore() {
  percent=$(cat split 2> /dev/null) || percent=0
  load "$percent" && record split "$percent" && show
}

pool() {
  name=$1 numbers=''
  members "$name" > /dev/null
  shift
  [ $# -gt 0 ] || refuse 'a pool cannot be empty'
  for number in "$@"; do
    whole_number "$number" 999
    numbers="$numbers${numbers:+
}$number"
  done
  record "in-$name" "$numbers"
  { echo "flush chain inet $table $name" && pool_rules "$name" | sed "s/^/add rule inet $table $name /"; } | nft -f -
}

# ZONE: of UDP, where another than all of them is meant.
tracked() { # tracked ACTION POOL ZONE [ADDRESS PORT]: conntrack for each way from a public address to a member
  action=$1 pool=$2 in=$3 only=${4:-} onlyport=${5:-}
  members "$pool" | while read -r family address port; do
    [ -z "$only" ] || { [ "$address" = "$only" ] && [ "$port" = "$onlyport" ]; } || continue
    case $family in any) families='ipv4 ipv6' ;; 4) families=ipv4 ;; 6) families=ipv6 ;; esac
    printf '%s\n' "$listen" | while read -r _ public door; do
      for each in $families; do
        set -- -f "$each" -p "$protocol" --orig-port-dst "$door" --reply-port-src "$port"
        [ "$public" = '*' ] || set -- "$@" --orig-dst "$public"
        [ "$address" = '*' ] || set -- "$@" --reply-src "$address"
        [ -z "$in" ] || set -- "$@" --orig-zone "$in"
        conntrack "$action" "$@" 2> /dev/null || : # nothing found is no failure
      done
    done
  done
}

# A connection that both sides have closed is remembered for a while.
living() { grep -cvE ' (TIME_WAIT|CLOSE|LAST_ACK) |^$'; }

current() {
  [ "$protocol" = tcp ] || zone
}

# What is remembered of the zone before the one that is left is older than the last time: nothing of it is on its way.
next_zone() {
  now=$(zone)
  before=$(((now + zones - 2) % zones + 1)) next=$((now % zones + 1))
  for each_pool in blue green; do tracked -D "$each_pool" "$before" > /dev/null; done
  printf 'flush chain inet %s flows\nadd rule inet %s flows %s\n' "$table" "$table" "$(zone_rule "$next")" |
    nft -f - 2> /dev/null && record zone "$next"
}

cut() { # cut POOL [ADDRESS PORT]: how many were open
  tracked -L "$1" "$(current)" "${2:-}" "${3:-}" | living || :
  [ "$protocol" = udp ] && [ -z "${2:-}" ] && next_zone && return
  tracked -D "$1" '' "${2:-}" "${3:-}" > /dev/null
}

case ${1:-} in
  show) show ;;
  split) split "${2:-}" ;;
  restore) restore ;;
  text) table_text "$(cat split 2> /dev/null || echo 0)" ;;
  pool) shift && pool "$@" ;;
  count)
    members "${2:-}" > /dev/null
    tracked -L "$2" "$(current)" | living || :
    ;;
  cut)
    members "${2:-}" > /dev/null
    cut "$2" "${3:-}" "${4:-}"
    ;;
  flow)
    case ${2:-} in *[!0-9a-fA-F:.]* | '') refuse "not an address: $2" ;; esac
    whole_number "${3:-}" 65535
    case $2 in *:*) family=ipv6 ;; *) family=ipv4 ;; esac
    conntrack -L -f "$family" -p "$protocol" --orig-src "$2" --orig-port-src "$3" 2> /dev/null
    :
    ;;
  *) refuse 'unknown command' ;;
esac
