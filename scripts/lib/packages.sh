# shellcheck shell=bash
# packages.sh: what the scripts need from Debian 12, and how they get it. Sourced, never run.
# It installs only what is missing, so that a machine that has everything needs neither root nor a network.

# packages_of GROUP - build: goosed itself; run: the scripts that run it; test: its tests; browser: the test of its
# page; check: what scripts/test.sh looks at the sources with (libclang-rt holds clang's sanitizers and libFuzzer).
packages_of() {
    case $1 in
    build)
        echo gcc libc6-dev cmake ninja-build pkg-config
        echo libuv1-dev libhttp-parser-dev libcjson-dev libsodium-dev
        ;;
    run) echo curl util-linux ;;
    test) echo libcmocka-dev binutils iproute2 iptables jq patch xxd ;;
    browser) echo chromium fonts-dejavu-core python3 ;;
    check) echo clang clang-format clang-tidy libclang-rt-14-dev cppcheck shellcheck ;;
    esac
}

# packages_need GROUP... - returns once all are there; says what is missing and how to get it where it cannot.
packages_need() {
    local group package missing=() as_root=()
    if ! command -v dpkg-query >/dev/null; then
        echo "not a Debian system, so nothing is installed; needed is what Debian calls:" >&2
        for group in "$@"; do
            packages_of "$group" >&2
        done
        return 0
    fi
    for group in "$@"; do
        for package in $(packages_of "$group"); do
            [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
                missing+=("$package")
        done
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "missing packages, and neither root nor sudo to install them. As root:" >&2
            echo "    apt-get update && apt-get install ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    echo "installing ${missing[*]}" >&2
    # A machine that has just started may be upgrading itself: apt waits its turn.
    # The output of apt is for people who ask why it failed; standard output belongs to the script that called.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2 &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get -qq install -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
            "${missing[@]}" >&2
}
