#!/bin/sh
# only-on-goose.sh: runs a command if this machine's node is the goose, by its lease page, and does nothing if it is not.
# Something is wrong only where nobody can tell.
#
#     only-on-goose.sh /run/goosed/goose/lease /usr/local/bin/the-job
#
# It looks once, before the job: one that must not outlive the role belongs under `goosectl run`.
set -u
[ $# -ge 2 ] || { echo "usage: only-on-goose.sh LEASE-PAGE COMMAND ARGS..." >&2 && exit 2; }
page=$1
shift
goosectl --lease-page "$page" is-goose
case $? in
0) exec "$@" ;;
1) exit 0 ;;
*) exit 1 ;;
esac
