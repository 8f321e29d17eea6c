#!/bin/sh
# Makes the root file system of the operator's image: the files of the few Debian packages that Python and its wheels
# need, beside what pip has put there. Everything carries the time SOURCE_DATE_EPOCH, so that two builds are the same.
set -eu
image=$1
packages="base-files ca-certificates libbz2-1.0 libc6 libcrypt1 libexpat1 libffi8 libgcc-s1 libgomp1 liblzma5
  libpython3.11-minimal libpython3.11-stdlib libsqlite3-0 libssl3 libstdc++6 libuuid1 media-types netbase python3-minimal
  python3.11-minimal tzdata zlib1g"

mkdir -p "$image/usr/bin" "$image/usr/sbin" "$image/usr/lib" "$image/usr/lib64" "$image/tmp" "$image/etc/ssl/certs"
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$image/$folder"; done
chmod 1777 "$image/tmp"

for package in $packages; do dpkg -L "$package"; done | sort -u |
  grep -vE '^/\.$|^/usr/share/(man|locale|info|lintian|bug|pixmaps|applications)(/|$)|^/usr/share/doc/[^/]+/[^c]|/__pycache__' |
  grep -vE '^/usr/lib/python3\.11/(idlelib|lib2to3|test|tkinter|turtledemo|ensurepip|pydoc_data)(/|$)' >/tmp/files
tar -C / --no-recursion --files-from=/tmp/files -c | tar -C "$image" --keep-directory-symlink -x
cp /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/"
printf 'root:x:0:0:root:/:/nonexistent\npodlore:x:65532:65532:podlore:/tmp:/nonexistent\n' >"$image/etc/passwd"
printf 'root:x:0:\npodlore:x:65532:\n' >"$image/etc/group"

site=$image/usr/local/lib/python3.11/dist-packages
rm -rf "$site/bin" "$site/kubernetes/aio"  # the client that nobody here imports is a third of all code
find "$site" -depth -type d \( -name tests -o -name test -o -name __pycache__ \) ! -path '*/podlore*' -exec rm -rf {} +
find "$site" -name '*.pyi' -delete
mkdir -p "$image/usr/local/bin" "$image/usr/share/podlore"
cat >"$image/usr/local/bin/podlore" <<'PROGRAM'
#!/usr/bin/python3 -P
import sys

from podlore.cli.main import main

sys.exit(main())
PROGRAM
chmod 755 "$image/usr/local/bin/podlore"
dpkg-query -W -f '${Package} ${Version}\n' $packages | sort >"$image/usr/share/podlore/debian-packages"
# Compiled once here, since the root file system is read-only where it runs; by content, not by time.
python3 -m compileall -q -j 0 -s "$image" -p / --invalidation-mode unchecked-hash \
  "$image/usr/lib/python3.11" "$site" >/dev/null || true
find "$image" -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
