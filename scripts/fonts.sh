#!/bin/sh
# Makes the fonts of the printed reports again: internal/report/pdf/fonts. They are committed; this is how they came to be.
#
# Source: the Debian packages fonts-morisawa-bizud-gothic (the font, OFL) and fonttools with python3-fonttools (the subsetter).
# What stays of the font: the characters of CP932 and of JIS X 0213, Latin with accents, punctuation and marks, kana, width forms.
# Compressed, about 2 MB each; they are unpacked when the first PDF is made. The same versions of both packages give the same bytes.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-/usr/bin/python3}
from=${FONTS:-/usr/share/fonts/truetype/bizud-gothic}
to=internal/report/pdf/fonts
[ -f "$from/BIZUDPGothic-Regular.ttf" ] || {
	echo "fonts: $from/BIZUDPGothic-Regular.ttf is missing: apt-get install fonts-morisawa-bizud-gothic" >&2
	exit 1
}
"$python" -c 'import fontTools' 2>/dev/null || {
	echo "fonts: $python has no fontTools: apt-get install python3-fonttools, or set PYTHON" >&2
	exit 1
}
points=$(mktemp)
trap 'rm -f "$points"' EXIT
"$python" - >"$points" <<'PY'
def decodable(codec):
    for a in range(256):
        yield bytes([a])
        for b in range(256):
            yield bytes([a, b])
            yield bytes([0x8f, a, b])

keep = set(range(0x20, 0x250)) | set(range(0x2000, 0x2800)) | set(range(0x3000, 0x3400)) | set(range(0xff00, 0xfff0))
for codec in ("cp932", "euc_jis_2004"):
    for raw in decodable(codec):
        try:
            keep |= {ord(c) for c in raw.decode(codec)}
        except UnicodeDecodeError:
            pass
keep = {c for c in keep if 0x20 <= c <= 0xFFFF and not 0xE000 <= c < 0xF900 and not 0x7f <= c < 0xa0}
print(",".join("%04X" % c for c in sorted(keep)))
PY
for weight in Regular Bold; do
	SOURCE_DATE_EPOCH=0 "$python" -m fontTools.subset "$from/BIZUDPGothic-$weight.ttf" --unicodes-file="$points" --layout-features= \
		--no-hinting --name-IDs=0,1,2,3,4,5,6,13,14 --no-recalc-timestamp --drop-tables+=GSUB,GPOS,GDEF,vhea,vmtx,meta,DSIG --output-file="$to/BIZUDPGothic-$weight.ttf"
	gzip -n -9 -f "$to/BIZUDPGothic-$weight.ttf"
done
ls -l "$to"
