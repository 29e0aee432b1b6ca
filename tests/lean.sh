#!/usr/bin/env bash
# What the server takes of a small machine: tests/lean.sh BINARY. Prints each figure beside the most
# that it may be, and fails when it is more. BINARY is a release build that runs here at full speed.
set -euo pipefail

binary=${1:?usage: tests/lean.sh BINARY}
IDLE_KIB_MAX=3072
START_CPU_US_MAX=10000
ADDRESS_SPACE=$((64 << 20))
UPLOAD_BYTES=$((1 << 30))
CRATES_MAX=60

folder=$(mktemp -d)
server=
end() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap end EXIT

failed=0
# hold WHAT UNIT FIGURE MOST
hold() {
    printf '%-56s %6d of %d %s\n' "$1" "$3" "$4" "$2"
    [ "$3" -le "$4" ] || failed=1
}

# start [OPTION...]: a server on a folder of its own, behind a command that limits it if there is one.
start() {
    mkdir -p "$folder/share"
    "${limit[@]}" "$binary" --quiet --listen 127.0.0.1:0 "$@" "$folder/share" >"$folder/url" &
    server=$!
    until url=$(head -1 "$folder/url") && [ -n "$url" ]; do
        kill -0 "$server"
        sleep 0.01
    done
}

# Nanoseconds on a processor, of all its threads: what ps shows has ticks of 10 ms.
cpu_ns() {
    awk '{ sum += $1 } END { print sum }' "/proc/$server/task/"*/schedstat
}

kib() {
    awk -v name="$1:" '$1 == name { print $2 }' "/proc/$server/status"
}

limit=()
start
curl -sf "${url}health" >/dev/null
hold "CPU from its start to the first answer" us $(($(cpu_ns) / 1000)) "$START_CPU_US_MAX"
hold "resident memory, idle" KiB "$(kib VmRSS)" "$IDLE_KIB_MAX"
kill "$server" && wait "$server"

# Its stacks are counted in, which is more than has to hold.
limit=(prlimit --as="$ADDRESS_SPACE")
start --no-sync
head -c "$UPLOAD_BYTES" /dev/zero | curl -sf -T - "${url}files/large" >/dev/null
stored=$(stat -c %s "$folder/share/large")
[ "$stored" = "$UPLOAD_BYTES" ] || { echo "lean: $stored bytes of the upload are there" >&2; exit 1; }
hold "address space after an upload of 1 GiB, limited to it" KiB "$(kib VmPeak)" \
    $((ADDRESS_SPACE >> 10))
hold "resident memory at its highest then" KiB "$(kib VmHWM)" $((12 << 10))
kill "$server" && wait "$server"
server=

hold "crates in the tree" "" \
    "$(cargo tree --locked --edges normal --prefix none --no-dedupe --format '{p}' | sort -u | wc -l)" \
    "$CRATES_MAX"
[ "$failed" = 0 ] || { echo "lean: that is more than it may be" >&2; exit 1; }
