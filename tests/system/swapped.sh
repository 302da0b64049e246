#!/usr/bin/env bash
# swapped.sh: two of three nodes come back with each other's address, as machines do that get theirs by chance. The flock
# finds out who is where, and then outlives the loss of the third.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

flock_on_loopback 3 "${patient[@]}"
wait_voters 10 1 2 3
third=$(flock_goose)
read -r a b < <(others_than "$third" | xargs)

# swap A B - the states of two nodes that do not run change places: each is at the other's address with its next start.
swap() {
    mv "$FLOCK_DIR/$1/state" "$FLOCK_DIR/state"
    mv "$FLOCK_DIR/$2/state" "$FLOCK_DIR/$1/state"
    mv "$FLOCK_DIR/state" "$FLOCK_DIR/$2/state"
}

# uid_sits I UID - the node at I's address is a voter with that uid, as node I and the third know.
uid_sits() {
    [ "$(uid_at "$1" "$1")" = "$2" ] && [ "$(uid_at "$third" "$1")" = "$2" ]
}

# both_sit UID-AT-A UID-AT-B
both_sit() {
    uid_sits "$a" "$1" && uid_sits "$b" "$2"
}

uid_a=$(uid_at "$third" "$a")
uid_b=$(uid_at "$third" "$b")

say "nodes $a and $b come back with each other's address: a goose within seconds, who knows where they are"
node_stop "$a"
node_stop "$b"
swap "$a" "$b"
start "$a" "$b"
wait_for 10 "nodes 1, 2 and 3 to follow one goose" flock_agrees 1 2 3
wait_for 10 "the seats to have each other's address" both_sit "$uid_b" "$uid_a"
wait_voters 10 1 2 3

say "and all three, while none of them runs: a goose, without anybody who stayed"
for i in 1 2 3; do
    node_stop "$i"
done
swap "$a" "$b"
start "$a" "$b"
wait_for 10 "two that swapped to follow one goose" flock_agrees "$a" "$b"
start "$third"
agree 1 2 3
wait_for 10 "the seats to be as they were" both_sit "$uid_a" "$uid_b"

say "they swap once more, and node $third dies: two of three are left"
node_stop "$a"
node_stop "$b"
swap "$a" "$b"
start "$a" "$b"
agree 1 2 3
observe
node_kill "$third"
wait_for 10 "two that swapped to follow one goose" flock_agrees "$a" "$b"
finish
