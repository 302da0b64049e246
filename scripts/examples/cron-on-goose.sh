#!/bin/sh
# cron-on-goose.sh: runs a command if the node at NODE is the goose, and does nothing if it is not.
# Put the same line into the crontab of every node; NODE is each machine's own goosed:
#
#     */5 * * * *  root  cron-on-goose.sh 127.0.0.1:7001 /usr/local/bin/the-job
#
# The job finds the goose's term in GOOSE_TERM. It is asked for a moment's hold, so that the role is this node's when the
# job starts; a job that must not outlive the role belongs under `goosectl run`. Clocks that differ, or a change of goose
# just then, can make two nodes run it for the same five minutes: a job that must not be done twice writes what it did
# under its term (fenced-store.sh), and looks there first.
set -eu
[ $# -ge 2 ] || { echo "usage: cron-on-goose.sh HOST:PORT COMMAND ARGS..." >&2 && exit 2; }
node=$1
shift
# 503 is a duck's answer, and no error; no answer at all is one, and cron mails it.
answer=$(curl -sS -g -m 5 -o /dev/null -w '%{http_code} %header{goose-term} %header{goose-hold-ms}' \
    "http://$node/goose?hold=100ms") || { echo "cron-on-goose.sh: no answer from $node" >&2 && exit 1; }
read -r code term hold <<END
$answer
END
# No hold: it is goose, but for less than a moment.
[ "$code" = 200 ] && [ -n "$hold" ] || exit 0
export GOOSE_TERM="$term"
exec "$@"
