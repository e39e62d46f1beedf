#!/bin/sh
# Speed and memory of `mimawari patrol` beside nfpcapd and tshark, in turns on the same captures; then memory alone on captures
# that are hard on it. Prints tables and keeps them in bench/out. Fails if memory passes its bound.
#
#   MIMAWARI_SHARED  folder with data/captures, default ../shared beside the repository
#   BENCH_SIZE       bytes of the captures, default 1150000000; the long one has four times as many
#   BENCH_SETS       "domain mixed": domain mixes the Active Directory captures, mixed all of them
#   BENCH_ROUNDS     default 3
#   BENCH_MEMORY     0 leaves the memory part out
set -eu
cd "$(dirname "$0")/.."
shared=${MIMAWARI_SHARED:-../shared}
size=${BENCH_SIZE:-1150000000}
rounds=${BENCH_ROUNDS:-3}
bound=200 # MB
out=bench/out
captures=$shared/data/captures
mkdir -p "$out/nf"
[ -x bin/mimawari ] || { echo "bench: no bin/mimawari: run make build" >&2; exit 1; }
CGO_ENABLED=0 go build -o "$out/" ./bench/mix ./bench/flows ./bench/flood ./bench/race

# mixed FILE SIZE FOLDER...: makes the capture if it is not there yet.
mixed() {
	file=$1 bytes=$2
	shift 2
	[ -s "$file" ] || "$out/mix" -o "$file" -size "$bytes" "$@"
}

patrol() { echo "bin/mimawari patrol $1 --data $out/data -q --json"; }

speed() {
	set=$1
	file=$out/$set.pcap short=$out/$set-short.pcap
	case $set in
	domain) from="$captures/ad-lab $captures/security-datasets" ;;
	mixed) from=$captures ;;
	*) echo "bench: unknown set $set: use domain or mixed" >&2; exit 1 ;;
	esac
	# shellcheck disable=SC2086 # several folders
	{
		mixed "$file" "$size" $from
		mixed "$short" $((size / 20)) $from # tshark needs minutes for a gigabyte: its figures are scaled
	}
	part=$(awk -v a="$(stat -c %s "$out/$set-short.pcap")" -v b="$(stat -c %s "$out/$set.pcap")" 'BEGIN { printf "%.5f", a / b }')
	file=$out/$set.pcap short=$out/$set-short.pcap
	set -- "mimawari patrol=$(patrol "$file")"
	if command -v nfpcapd >/dev/null; then set -- "$@" "nfpcapd=nfpcapd -r $file -l $out/nf"; fi
	if command -v tshark >/dev/null; then
		set -- "$@" "tshark -T fields@$part=tshark -r $short -T fields -e frame.time_epoch -e ip.src -e ip.dst -e tcp.port -e udp.port -e _ws.col.Protocol"
	fi
	set -- "$@" "hot path alone=$out/flows $file"
	echo "## ${file##*/}: $("$out/flows" -shards 1 "$file" | cut -d' ' -f1-4); load $(cut -d' ' -f1 /proc/loadavg)"
	"$out/race" -rounds "$rounds" -base nfpcapd -fresh "$out/data" "$@" | tee "$out/${file##*/}.md"
}

memory() {
	mixed "$out/long.pcap" $((4 * size)) "$captures/ad-lab" "$captures/security-datasets"
	[ -s "$out/flood.pcap" ] || "$out/flood" -flows 10000000 -o "$out/flood.pcap"
	[ -s "$out/hosts.pcap" ] || "$out/flood" -hosts 25000 -o "$out/hosts.pcap"
	echo "## memory, at most $bound MB"
	"$out/race" -rounds 1 -rss "$bound" -fresh "$out/data" "domain, four times as long=$(patrol "$out/long.pcap")" \
		"10,000,000 random flows=$(patrol "$out/flood.pcap")" "25,000 hosts=$(patrol "$out/hosts.pcap")" | tee "$out/memory.md"
}

if [ -d "$captures" ]; then
	for set in ${BENCH_SETS:-domain mixed}; do speed "$set"; done
	[ "${BENCH_MEMORY:-1}" = 0 ] || memory
else
	echo "bench: no captures in $captures: set MIMAWARI_SHARED to the folder that holds data/captures" >&2
	exit 1
fi
