#!/bin/sh
# Speed and memory beside nfpcapd and tshark, in turns on the same capture. Prints a table and keeps it in bench/out.
#
#   MIMAWARI_SHARED  folder with data/captures, default ../shared beside the repository
#   BENCH_SIZE       bytes of the capture, default 1150000000
#   BENCH_SETS       "domain mixed": domain mixes the Active Directory captures, mixed all of them
#   BENCH_ROUNDS     default 3
#   BENCH_COMMAND    our command, FILE stands for the capture; default: bin/mimawari patrol FILE --data DIR if it is
#                    built, else the hot path alone (bench/flows)
set -eu
cd "$(dirname "$0")/.."
shared=${MIMAWARI_SHARED:-../shared}
size=${BENCH_SIZE:-1150000000}
out=bench/out
captures=$shared/data/captures
if [ ! -d "$captures" ]; then
	echo "bench: no captures in $captures: set MIMAWARI_SHARED to the folder that holds data/captures" >&2
	exit 1
fi
mkdir -p "$out"
CGO_ENABLED=0 go build -o "$out/" ./bench/mix ./bench/flows ./bench/race

for set in ${BENCH_SETS:-domain mixed}; do
	file=$out/$set.pcap
	short=$out/$set-short.pcap
	case $set in
	domain) from="$captures/ad-lab $captures/security-datasets" ;;
	mixed) from=$captures ;;
	*) echo "bench: unknown set $set: use domain or mixed" >&2; exit 1 ;;
	esac
	# shellcheck disable=SC2086
	[ -s "$file" ] || "$out/mix" -o "$file" -size "$size" $from
	# tshark needs minutes for a gigabyte: it gets a twentieth, and its figures are scaled.
	# shellcheck disable=SC2086
	[ -s "$short" ] || "$out/mix" -o "$short" -size $((size / 20)) $from
	part=$(awk -v a="$(stat -c %s "$short")" -v b="$(stat -c %s "$file")" 'BEGIN { printf "%.5f", a / b }')

	rm -rf "$out/nf" "$out/data"
	mkdir -p "$out/nf"
	set --
	if [ -n "${BENCH_COMMAND:-}" ]; then
		set -- "$@" "command=$(echo "$BENCH_COMMAND" | sed "s|FILE|$file|")"
	elif [ -x bin/mimawari ] && bin/mimawari patrol --help >/dev/null 2>&1; then
		set -- "$@" "mimawari patrol=bin/mimawari patrol $file --data $out/data --json"
	fi
	set -- "$@" "capture+flow+proto=$out/flows $file" "the same, 1 shard=$out/flows -shards 1 $file" "capture+flow, 1 shard=$out/flows -shards 1 -headers $file"
	if command -v nfpcapd >/dev/null; then
		set -- "$@" "nfpcapd=nfpcapd -r $file -l $out/nf"
	fi
	if command -v tshark >/dev/null; then
		set -- "$@" "tshark -T fields@$part=tshark -r $short -T fields -e frame.time_epoch -e ip.src -e ip.dst -e tcp.port -e udp.port -e _ws.col.Protocol"
	fi
	echo "## $set: $("$out/flows" -shards 1 "$file" | cut -d' ' -f1-4)"
	"$out/race" -rounds "${BENCH_ROUNDS:-3}" -base nfpcapd "$@" | tee "$out/$set.md"
done
