# shellcheck shell=bash
# debian.sh: our Debian package, and a small Debian to install it in, kept in the build folder for the next time.
# Sourced before lib.sh: the network is needed before the sandbox is entered, and never inside. Never run.
#
#   . "$(dirname "$0")/debian.sh"
#   make_deb; make_debian
#   . "$(dirname "$0")/lib.sh"
#   ...
#   unpack_debian                  # into $root, with the package in it as /root/goosed.deb
set -euo pipefail
: "${BUILD_DIR:?is not set: run this through ctest}"
here=$(cd "$(dirname "$0")" && pwd)
deb_folder=$BUILD_DIR/tests/system/deb

needs_for_debian() {
    local tool
    for tool in debootstrap cpack dpkg-shlibdeps file; do
        command -v $tool >/dev/null || { echo "SKIPPED: needs $tool" && exit 77; }
    done
    [ "$(id -u)" = 0 ] || { echo "SKIPPED: needs root" && exit 77; }
}

deb_depends() {
    dpkg-deb -f "$deb_folder"/goosed_*.deb Depends | tr ',' '\n' | awk '{ print $1 }' | paste -sd ,
}

debian_tar() {
    echo "$BUILD_DIR/tests/system/debian-$(deb_depends | cksum | cut -d ' ' -f 1).tar"
}

# As the README says.
make_deb() {
    local readme=$here/../../README.md made
    [ -z "${IN_SANDBOX-}" ] || return 0
    needs_for_debian
    made=$(sed -nE 's,^ +(scripts/[a-z.]+) && apt install (\S+) .*,\1 >/dev/null \&\& ls \2,p' "$readme")
    mkdir -p "$deb_folder"
    rm -f "$deb_folder"/*.deb
    (cd "$here/../.." && eval "${made:?the README does not say how to make a package}" | xargs cp -t "$deb_folder")
}

# What the package depends on, man, and systemd.
make_debian() {
    local tar root codename mirror
    [ -z "${IN_SANDBOX-}" ] || return 0
    tar=$(debian_tar)
    [ ! -s "$tar" ] || return 0
    root=$(mktemp -d)
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    # From where this machine gets its own packages.
    # shellcheck disable=SC2016 # it is apt's
    mirror=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $codename" | head -n 1)
    debootstrap --variant=minbase --include="$(deb_depends),man-db,systemd" "$codename" "$root" "$mirror" \
        >"$tar.log" 2>&1 || { tail -n 3 "$tar.log" >&2 && exit 1; }
    tar -C "$root" -cf "$tar.new" .
    mv "$tar.new" "$tar"
    rm -rf "$root"
}

unpack_debian() {
    root=$FLOCK_DIR/debian
    mkdir "$root"
    tar -C "$root" -xf "$(debian_tar)"
    chmod 755 "$root"
    cp "$deb_folder"/goosed_*.deb "$root/root/goosed.deb"
}
