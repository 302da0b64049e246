#!/usr/bin/env bash
# package.sh: makes a Debian package of goosed in build/package, and prints where it is.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/packages.sh
. scripts/lib/packages.sh
# shellcheck source=scripts/lib/build.sh
. scripts/lib/build.sh

if [ $# != 0 ]; then
    echo "usage: scripts/package.sh    builds goosed and packs it; then: apt install ./build/package/goosed_*.deb"
    echo "DEBFULLNAME and DEBEMAIL, if set, say who answers for the package."
    [ "$1" = --help ]
    exit
fi
packages_need build package
# The same sources make the same package.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
build_configure package -DCMAKE_BUILD_TYPE=Release -DGOOSED_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr
build_make package >&2
rm -f build/package/*.deb
(cd build/package && cpack -G DEB) >&2
ls build/package/*.deb
