# shellcheck shell=bash
# packages.sh: what the scripts need from Debian 12, and how they get it. Sourced, never run.
# It installs only what is missing, so that a machine that has everything needs neither root nor a network.

# packages_of GROUP - build: goosed itself; package: a package of it; run: the scripts that run it; test: its tests;
# check: what scripts/test.sh looks at the sources with (libclang-rt holds clang's sanitizers and libFuzzer); long: what
# only the long tests need; peers: what scripts/bench.sh shows goosed beside.
packages_of() {
    case $1 in
    build)
        echo gcc libc6-dev cmake ninja-build pkg-config
        echo libuv1-dev libhttp-parser-dev libcjson-dev libsodium-dev
        ;;
    package) echo dpkg-dev file ;;
    run) echo curl util-linux ;;
    test) echo libcmocka-dev binutils iproute2 iptables iputils-arping iputils-ping jq man-db xxd python3 ;;
    check) echo clang clang-format clang-tidy libclang-rt-14-dev cppcheck shellcheck ;;
    peers) echo etcd-server etcd-client zookeeper redis-server redis-sentinel keepalived wrk nginx-light ;;
    long) echo debootstrap dpkg-dev file lintian systemd prometheus haproxy openssl chromium fonts-dejavu-core ;;
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
    echo "installing ${missing[*]}; this may take some minutes" >&2
    # The output of apt is for people who ask why it failed; standard output belongs to the script that called.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2 &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive bash -c "$packages_install" bash "${missing[@]}" >&2
}

# What root runs. A package that is a service (Prometheus) must not start one: policy-rc.d forbids it for as long as this
# takes, where the machine has no policy of its own. A machine that has just started may be upgrading itself: apt waits
# its turn.
# shellcheck disable=SC2016 # expanded by the shell that runs it
packages_install='
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap "rm -f $policy" EXIT
        printf "#!/bin/sh\nexit 101\n" >$policy && chmod 755 $policy
    fi
    apt-get -qq install -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"
'
