#!/bin/sh
# Makes the root file system of the operator's image in three steps, each a layer of the build that is kept while nothing
# of it changes: the files of the few Debian packages that Python and its wheels need, then the wheels, then podlore.
# Everything carries the time SOURCE_DATE_EPOCH in the end, so that two builds are the same.
set -eu
step=$1
image=$2
site=$image/usr/local/lib/python3.11/dist-packages
packages="base-files ca-certificates libbz2-1.0 libc6 libcrypt1 libexpat1 libffi8 libgcc-s1 libgomp1 liblzma5
  libpython3.11-minimal libpython3.11-stdlib libsqlite3-0 libssl3 libstdc++6 libuuid1 media-types netbase python3-minimal
  python3.11-minimal tzdata zlib1g"

# Compiled once here, since the root file system is read-only where it runs; by content, not by time.
compile() {
  python3 -m compileall -q -s "$image" -p / --invalidation-mode unchecked-hash "$@" >/dev/null || true
}

debian() {
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
  mkdir -p "$image/usr/share/podlore"
  dpkg-query -W -f '${Package} ${Version}\n' $packages | sort >"$image/usr/share/podlore/debian-packages"
  compile "$image/usr/lib/python3.11"
}

wheels() {
  rm -rf "$site/bin" "$site/kubernetes/aio"  # the client that nobody here imports is a third of all code
  find "$site" -depth -type d \( -name tests -o -name test -o -name __pycache__ \) -exec rm -rf {} +
  find "$site" -name '*.pyi' -delete
  compile "$site"
}

podlore() {
  rm -rf "$site/bin"
  mkdir -p "$image/usr/local/bin"
  cat >"$image/usr/local/bin/podlore" <<'PROGRAM'
#!/usr/bin/python3 -P
import sys

from podlore.cli.main import main

sys.exit(main())
PROGRAM
  chmod 755 "$image/usr/local/bin/podlore"
  compile "$site"/podlore*
  find "$image" -newermt "@$SOURCE_DATE_EPOCH" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
}

"$step"
