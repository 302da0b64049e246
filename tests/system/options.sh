#!/usr/bin/env bash
# options.sh: what goosed refuses to start with, and what it says: one line that names the flag or variable or key, its
# value, and what would be right. Exit status 2 where the command line is wrong, 3 where the environment or a file is.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/system/lib2.sh
. "$(dirname "$0")/lib2.sh"

cd "$FLOCK_DIR"
self=(--self n1:7000 --state-dir state)

# run VARIABLE=VALUE... FLAG... - leaves its exit status in $got, what it said in the file "said".
run() {
    local variables=()
    while [[ ${1-} == [A-Z]*=* ]]; do
        variables+=("$1")
        shift
    done
    got=0
    env -i "${variables[@]}" ASAN_OPTIONS="${ASAN_OPTIONS-}" timeout 10 "$GOOSED" "$@" >said 2>&1 </dev/null || got=$?
}

# refuses STATUS PATTERN [VARIABLE=VALUE...] [FLAG...] - in one line, of which the pattern fits everything behind the
# name of the program.
refuses() {
    local status=$1 pattern=$2
    shift 2
    run "$@"
    [ $got = "$status" ] || fail "$*: exit status $got, not $status: $(cat said)"
    [ "$(wc -l <said)" = 1 ] || fail "$*: more than one line: $(cat said)"
    grep -qE -e "^goosed: $pattern\$" said || fail "$*: not /$pattern/: $(cat said)"
}

# accepts PATTERN [VARIABLE=VALUE...] [FLAG...] - so says --check-config, and something like the pattern besides.
accepts() {
    local pattern=$1
    shift
    run "$@" --check-config
    [ $got = 0 ] || fail "$* --check-config: exit status $got: $(cat said)"
    grep -qx 'the configuration is good' said || fail "$* --check-config: $(cat said)"
    grep -qE -e "$pattern" said || fail "$* --check-config: not /$pattern/: $(cat said)"
}

say "the command line: status 2"
refuses 2 '--self is missing; give the address .*' --state-dir state
refuses 2 '--self is missing; .*'
refuses 2 "unexpected argument 'n1:7000'; options begin with two dashes.*" n1:7000
refuses 2 'unknown flag --sefl; did you mean --self\?' --sefl n1:7000
refuses 2 'unknown flag --quack; --help lists them all' "${self[@]}" --quack
refuses 2 '--self has no value; give one.*' --self
refuses 2 '--self has no value; give one.*' --self --observer
refuses 2 "--self '' is empty; give a value.*" --self ''
refuses 2 '--self is given twice; give it once' "${self[@]}" --self n2:7000
refuses 2 "--version takes no value; leave '=1' out" --version=1
refuses 2 '--self n1: give HOST:PORT, as in .*' --self n1
refuses 2 '--self n1:0: the port is a number from 1 to 65535' --self n1:0
refuses 2 '--self n1:70000: the port is .*' --self n1:70000
refuses 2 '--self ::1:7000: an IPv6 address stands in brackets.*' --self ::1:7000
refuses 2 '--self \[fe80::1%eth0\]:7000: in the brackets .* without a scope.*' --self '[fe80::1%eth0]:7000'
refuses 2 '--self 10\.1:7000: an IPv4 address is four numbers.*' --self 10.1:7000
refuses 2 "--self a b:7000: a host has letters, digits.*" --self 'a b:7000'
refuses 2 '--self 0\.0\.0\.0:7000: nobody can send to .*' --self 0.0.0.0:7000
refuses 2 "--peers '' is empty; give a value, or leave it out" "${self[@]}" --peers ''
refuses 2 '--peers    is empty; give a value, or leave it out' "${self[@]}" --peers '  '
refuses 2 "--join '' is empty; give a value, or leave it out" "${self[@]}" --join ''
refuses 2 '--peers n2:7000,,n3:7000: an address between its commas is empty.*' "${self[@]}" --peers n2:7000,,n3:7000
refuses 2 "--peers n2:7000,n3: 'n3': give HOST:PORT.*" "${self[@]}" --peers n2:7000,n3
refuses 2 '--peers n2:7000,N2:07000: n2:7000 is in it twice; give it once' "${self[@]}" --peers n2:7000,N2:07000
refuses 2 '--join n3:7000: --peers is given too; .*' "${self[@]}" --peers n2:7000 --join n3:7000
refuses 2 '--peers .*: more than 31 .*give fewer' "${self[@]}" --peers "$(seq -s, -f 'p%g:1' 32)"
refuses 2 '--peers .*: these do not fit a roster of 1056 bytes.*' "${self[@]}" \
    --peers "$(seq -s, -f "$(printf 'a%.0s' {1..60})%g:7000" 20)"
refuses 2 '--bind n1: give HOST:PORT.*' "${self[@]}" --bind n1
refuses 2 '--http on: give HOST:PORT.*' "${self[@]}" --http on
refuses 2 '--flock \.\./x: a flock.s name has .*' "${self[@]}" --flock ../x
refuses 2 '--lease 100ms is under 3 heartbeats \(3 x 50ms\); give at least 150ms, or a shorter --heartbeat' \
    "${self[@]}" --lease 100ms
refuses 2 '--heartbeat 200ms is over a third of the lease \(300ms\); give at most 100ms, or a longer --lease' \
    "${self[@]}" --heartbeat 200ms
refuses 2 '--lease 300 is no duration; give a whole number and us, ms, s or m, as in 250ms' "${self[@]}" --lease 300
refuses 2 '--lease 2m is too long; give at most 1m' "${self[@]}" --lease 2m
refuses 2 '--heartbeat 0ms is too short; give at least .*' "${self[@]}" --heartbeat 0ms
refuses 2 '--dead-after 100ms: a live node would count as dead; give a --dead-after of at least 150ms' \
    "${self[@]}" --dead-after 100ms
refuses 2 '--priority 256 is out of range; give a whole number from 0 to 255' "${self[@]}" --priority 256
refuses 2 '--priority -1 is out of range; give a whole number from 0 to 255' "${self[@]}" --priority -1
refuses 2 '--voters 0 is out of range; give a whole number from 1 to 31' "${self[@]}" --voters 0
refuses 2 '--observer maybe is neither; give on or off' "${self[@]}" --observer=maybe
refuses 2 '--log-level loud is no level; give error, warn, info or debug' "${self[@]}" --log-level loud
refuses 2 '--log-format xml is no format; give text or json' "${self[@]}" --log-format xml

refuses 2 "--on-change '' is empty; give a value.*" "${self[@]}" --on-change ''
refuses 2 '--on-change-timeout 0s is too short; give at least 1ms' "${self[@]}" --on-change true --on-change-timeout 0s

say "the environment: status 3"
refuses 3 'GOOSED_SELF=n1: give HOST:PORT.*' GOOSED_SELF=n1 HOME=/
refuses 3 "GOOSED_PEERS='' is empty; give a value, or leave it out" GOOSED_PEERS= "${self[@]}"
refuses 3 'GOOSED_LEASE=100ms is under 3 heartbeats .*; give at least 150ms.*' GOOSED_LEASE=100ms "${self[@]}"
refuses 3 'GOOSED_DEAD_AFTER=soon is no duration; .*' GOOSED_DEAD_AFTER=soon "${self[@]}"
refuses 3 'GOOSED_JOIN=n3:7000: --peers is given too; .*' GOOSED_JOIN=n3:7000 "${self[@]}" --peers n2:7000
refuses 3 'GOOSED_OBSERVER=perhaps is neither; give on or off' GOOSED_OBSERVER=perhaps "${self[@]}"

# file NAME TEXT MODE
file() {
    rm -f "$1"
    printf '%b' "$2" >"$1"
    chmod "$3" "$1"
}

say "files: status 3"
key=$("$GOOSED" --new-key)
refuses 3 '--key-file keys: No such file or directory; --new-key makes one' "${self[@]}" --key-file keys
file keys "$key\n" 640
refuses 3 '--key-file keys: its mode 0640 lets others in than its owner; chmod 600 it' "${self[@]}" --key-file keys
file keys '# none yet\n' 600
refuses 3 '--key-file keys: no key in it; --new-key makes one' "${self[@]}" --key-file keys
file keys "$key\n${key:1}\n" 600
refuses 3 '--key-file keys: line 2 is not a key of 64 hex digits; --new-key makes one' "${self[@]}" --key-file keys
file keys "$(for i in {10..26}; do printf '%s%s\\n' "$i" "${key:2}"; done)" 600
refuses 3 '--key-file keys: line 17 is one key too many; keep at most 16' "${self[@]}" --key-file keys
refuses 3 '--http-token-file token cannot be read: No such file or directory' "${self[@]}" --http-token-file token
file token 'honk\n' 644
refuses 3 '--http-token-file token cannot be read: its mode 0644 lets others in than its owner; chmod 600 it' "${self[@]}" --http-token-file token
file token '' 600
refuses 3 '--http-token-file token is empty; write the token on one line' "${self[@]}" --http-token-file token
file token 'honk honk\n' 600
refuses 3 '--http-token-file token has spaces .*' "${self[@]}" --http-token-file token
file token 'honk-honk-honk-\n' 600
refuses 3 '--http-token-file token has a token that is guessed too soon; give at least 16 characters, .*' \
    "${self[@]}" --http-token-file token
file token 'honk\nhonk\n' 600
refuses 3 '--http-token-file token has more than one line; .*' "${self[@]}" --http-token-file token

refuses 3 '--config none cannot be read: No such file or directory' --config none
file config '{\n  "self": "n1:7000",\n  oops\n}\n' 600
refuses 3 'config: is no JSON: look at line 3, or just above it' --config config
file config '["n1:7000"]' 600
refuses 3 'config: is no JSON object; give one, as in .*' --config config
file config '{"self": "n1:7000", "leese": "1s"}' 600
refuses 3 'config: "leese" is no option; did you mean "lease"\?' --config config
file config '{"self": "n1:7000", "quack": 1}' 600
refuses 3 'config: "quack" is no option; --help lists them all' --config config
file config '{"self": "n1:7000", "version": true}' 600
refuses 3 'config: "version" has no place in a file; give it on the command line' --config config
file config '{"self": "n1:7000", "lease": true}' 600
refuses 3 'config: "lease" has to be a string, as on the command line, or a number' --config config
file config '{"self": "n1:7000", "peers": [1]}' 600
refuses 3 'config: "peers" has to be a string.* or an array of strings' --config config
file config '{"self": "n1:7000", "self": "n1:7000"}' 600
refuses 3 'config: "self" stands there twice; give it once' --config config
file config '{"self": "n1:7000", "lease": "100ms"}' 600
refuses 3 'config: "lease": 100ms is under 3 heartbeats .*' --config config
file config '{"self": "n1:7000", "peers": ""}' 600
refuses 3 "config: \"peers\": '' is empty; .*" --config config

say "flags win over the environment, the environment over the file"
file config '{"self": "n1:7000", "state-dir": "state", "lease": "100ms", "observer": false, "priority": 7}' 600
refuses 3 'GOOSED_LEASE=120ms .*' GOOSED_LEASE=120ms --config config
refuses 2 '--lease 140ms .*' GOOSED_LEASE=120ms --config config --lease 140ms
accepts . GOOSED_LEASE=120ms --config config --lease 150ms
accepts . GOOSED_CONFIG=config GOOSED_LEASE=150ms

say "what is good is said to be good, with warnings"
file config '{"self": "n1:7000", "state-dir": "state", "on-change": "ip addr show", "on-change-timeout": "5s"}' 600
accepts . --config config
accepts 'warning: --on-change-timeout does nothing without --on-change' GOOSED_ON_CHANGE_TIMEOUT=5s "${self[@]}"
accepts 'warning: no --key-file: whoever can send datagrams to n1:7000 .*--new-key' "${self[@]}"
accepts 'warning: no --key-file: .*' --self 127.0.0.1:7000 --bind 0.0.0.0:7000 --state-dir state
accepts 'warning: the variable GOOSED_LEESE is none of goosed.s, and ignored; did you mean GOOSED_LEASE\?' \
    GOOSED_LEESE=1s "${self[@]}"
accepts 'warning: the variable GOOSED_FAULTS is none of goosed.s, and ignored' GOOSED_FAULTS=on "${self[@]}"
for host in 127.0.0.1 127.1.2.3 localhost '[::1]'; do
    accepts . --self "$host:7000" --state-dir state
    [ "$(wc -l <said)" = 1 ] || fail "a warning at $host: $(cat said)"
done
file keys "$key # of now\n\n$key\n" 600
accepts . "${self[@]}" --key-file keys
! grep -q warning said || fail "a warning, though there is a key: $(cat said)"
[ ! -e state ] || fail "--check-config made a state directory"

say "the small tasks"
run --version
{ [ "$got" = 0 ] && grep -qxE 'goosed [0-9]+\.[0-9]+\.[0-9]+' said; } || fail "--version: $got $(cat said)"
run --new-key
{ [ "$got" = 0 ] && grep -qxE '[0-9a-f]{64}' said; } || fail "--new-key: $got $(cat said)"
[ "$(cat said)" != "$key" ] || fail "--new-key makes the same key twice"
run --help
{ [ "$got" = 0 ] && [ "$(grep -cE '^  --[a-z-]+ ' said)" = 27 ]; } || fail "--help does not name all options"
awk 'length > 100 { exit 1 }' said || fail "--help has lines of over 100 columns"
finish
