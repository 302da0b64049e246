#!/usr/bin/env bash
# find_goose.sh: who is the goose? One line for each node: PORT: duck, goose, or gone where nobody answers.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

usage() {
    cat <<'USAGE'
usage: scripts/find_goose.sh [PORT | HOST:PORT]...

Asks the nodes on these ports (127.0.0.1 where no host is named), or those of scripts/flock.sh, and prints for each
"PORT: duck", "PORT: goose", or "PORT: gone" where nobody answers. Exit status 0 if exactly one is goose, else 1.
USAGE
}

case ${1-} in
--help | -h) usage && exit 0 ;;
-*) usage >&2 && exit 2 ;;
esac
if [ $# = 0 ]; then
    flock_dir=${FLOCK_DIR:-$(dirname "$here")/build/flock}
    # shellcheck disable=SC2046 # addresses have no blanks
    set -- $(cat "$flock_dir"/*/address 2>/dev/null | sort -t : -k 2n)
    [ $# -gt 0 ] || { usage >&2 && exit 2; }
fi

geese=0
for at in "$@"; do
    [[ $at == *:* ]] || at=127.0.0.1:$at
    role=$(curl --silent --max-time 1 --globoff "http://$at/status") || role=
    [ "$role" = goose ] && geese=$((geese + 1))
    echo "${at##*:}: ${role:-gone}"
done
[ $geese = 1 ]
