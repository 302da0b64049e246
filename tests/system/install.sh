#!/usr/bin/env bash
# install.sh: what "cmake --install" leaves: all of it at its place, programs that run from there, and a library that
# others can build with: the example is built from the installed files alone, and elects among three of itself.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"
needs_sandbox

to=/usr/local
example=$here/../../scripts/examples/embed.c

say "built and installed as the README says"
# shellcheck disable=SC2016 # the README's quotes
configure=$(grep -oE '`cmake -B build -D[^`]+`' "$here/../../README.md" | tr -d '`')
commands=$(sed -nE "s,^    cmake -B build (&& .* --install build) .*,$configure \\1,p" "$here/../../README.md")
mount -t tmpfs tmpfs "$to"
mkdir "$FLOCK_DIR/sources"
cp -r "$here"/../../{CMakeLists.txt,LICENSE,README.md,include,scripts,src} "$FLOCK_DIR/sources"
(cd "$FLOCK_DIR/sources" && eval "${commands:?the README does not say how to install}") >"$FLOCK_DIR/said" 2>&1 ||
    fail "$commands: $(tail -n 20 "$FLOCK_DIR/said")"
rm -r "$FLOCK_DIR/sources"
for file in sbin/goosed bin/goosectl share/bash-completion/completions/goosectl \
    include/goose/election.h lib/systemd/system/goosed@.service lib/sysusers.d/goosed.conf share/man/man8/goosed.8.gz \
    share/man/man1/goosectl.1.gz share/man/man7/goosed-http.7.gz share/man/man7/goose-election.7.gz \
    share/doc/goosed/copyright share/doc/goosed/examples/on-change.conf share/doc/goosed/examples/embed.c; do
    [ -s "$to/$file" ] || fail "there is no $file"
done
"$to/sbin/goosed" --version | grep -qx 'goosed [0-9.]*' || fail "the installed goosed does not run"

say "each header can be included alone"
PKG_CONFIG_PATH=$(dirname "$(find "$to" -name goose.pc)")
export PKG_CONFIG_PATH
[ "$(pkg-config --modversion goose)" = "$("$to/sbin/goosed" --version | cut -d ' ' -f 2)" ] || fail "another version"
read -ra flags < <(pkg-config --cflags --libs --static goose)
for header in "$to"/include/goose/*.h; do
    echo "#include <goose/$(basename "$header")>" >"$FLOCK_DIR/alone.c"
    cc -Wall -Wextra -Wpedantic -Werror -fsyntax-only "$FLOCK_DIR/alone.c" "${flags[@]}"
done

say "the library defines what its headers declare, and no other name that a program might have"
archive=$(find "$to" -name libgoose.a)
headers=("$to"/include/goose/{election,observers,roster,wire}.h)
nm --defined-only --extern-only "$archive" | awk 'NF == 3 { print $3 }' | sort >"$FLOCK_DIR/defined"
cc -E -P -x c "${flags[@]}" - < <(printf '#include "%s"\n' "${headers[@]}") | grep -oE '\bgoose_\w+ *\(' |
    tr -d ' (' | sort -u >"$FLOCK_DIR/declared"
comm -3 "$FLOCK_DIR/defined" "$FLOCK_DIR/declared" >"$FLOCK_DIR/differs"
if [ ! -s "$FLOCK_DIR/defined" ] || [ -s "$FLOCK_DIR/differs" ]; then
    fail "defined and not declared, or the other way round: $(xargs <"$FLOCK_DIR/differs")"
fi

say "the example, under 100 lines, built as its first lines say"
[ "$(wc -l <"$example")" -lt 100 ] || fail "the example has grown"
cc -std=c11 -O2 -Wall -Wextra -Werror -o "$FLOCK_DIR/embed" "$example" "${flags[@]}"

ports=(7101 7102 7103)
declare -A pid=()
# embed I - the I-th, with a folder of its own.
embed() {
    mkdir -p "$FLOCK_DIR/e$1"
    cd "$FLOCK_DIR/e$1"
    "$FLOCK_DIR/embed" "${ports[$1]}" "${ports[$((($1 + 1) % 3))]}" "${ports[$((($1 + 2) % 3))]}" >>said &
    pid[$1]=$!
    cd "$FLOCK_DIR"
}

said_last() {
    tail -n 1 "$FLOCK_DIR/e$1/said"
}

# one_goose I... - exactly one of these, and its number in $goose.
one_goose() {
    local i geese=()
    for i in "$@"; do
        [ "$(said_last "$i")" != goose ] || geese+=("$i")
    done
    goose=${geese[0]-}
    [ ${#geese[@]} = 1 ]
}

for i in 0 1 2; do
    embed $i
done
wait_for 15 "one of the three to be goose" one_goose 0 1 2
sleep 3 # two can found it: the third has a seat with its first ACK, and until then none of them can be missed
one_goose 0 1 2 || fail "none of the three, or more than one, is goose"
first=$goose
kill -KILL "${pid[$first]}"
mapfile -t rest < <(printf '%s\n' 0 1 2 | grep -vx "$first")
wait_for 15 "another to be goose" one_goose "${rest[@]}"
second=$goose

say "started again, it remembers, follows, and takes over when its turn has come"
[ -s "$FLOCK_DIR/e$first/state" ] || fail "nothing was saved"
echo again >>"$FLOCK_DIR/e$first/said"
embed "$first"
third=$(printf '%s\n' "${rest[@]}" | grep -vx "$second")
kill -KILL "${pid[$third]}"
kill -KILL "${pid[$second]}"
embed "$third"
wait_for 15 "one of the two that are left to be goose" one_goose "$first" "$third"
kill -KILL "${pid[$first]}" "${pid[$third]}"
finish
