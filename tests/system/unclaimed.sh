#!/usr/bin/env bash
# unclaimed.sh: a voter stands still, its socket full, the last heartbeats first, while the seat that nobody had claimed
# yet is filled. It goes on beside the newcomer, which has lost its disk, cut off from all others: for it that seat is
# unclaimed still, but who sits there must not help it. Two geese never; all follow one when the network is whole.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

dead_after_s=1
flock_new 3 --dead-after ${dead_after_s}s
start 1 2
agree 1 2
wait_goose
kept=$goose
stopped=$(others_than "$kept" | sed '/^3$/d')
node_new 4 "$(loopback 4)" --join "$(node_address "$kept")" --dead-after ${dead_after_s}s --faults --log-level debug
observe

say "node $stopped stands still; nodes 3 and 4 come, with time to be let in by whoever may let them in"
node_pause "$stopped"
"$BUILD_DIR/tests/system/mischief" forge 5000 2 "$(node_address "$stopped")"
start 3 4
sleep $((3 + 2 * dead_after_s))

say "node 3 loses its disk; nodes $kept and 4 are cut off from it and from node $stopped, which goes on"
node_kill 3
rm -rf "$(node_state_dir 3)"
for i in "$kept" 4; do
    node_faults "$i" "$(printf '{"drop_from":["%s","%s"],"drop_to":["%s","%s"]}' \
        "$(node_address "$stopped")" "$(node_address 3)" "$(node_address "$stopped")" "$(node_address 3)")"
done
start 3
sleep 1
node_resume "$stopped"
sleep 6
observer_end

say "the network is whole again"
for i in "$kept" 4; do
    node_faults "$i" '{}'
done
observe
agree 1 2 3 4
finish
