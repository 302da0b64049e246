# shellcheck shell=bash disable=SC2034,SC2154
# goosed.sh: see lib.sh. VARIANT: goosed's own options.
peer_begin() {
    read -ra goosed_args <<<"$1"
    way=(goosed) every=1000 steady=700 jitter=100 patience=20000
}

peer_start() {
    spawn "$1" goosed "$GOOSED" --self "192.0.2.$1:7000" --peers 192.0.2.1:7000,192.0.2.2:7000,192.0.2.3:7000 \
        --state-dir "$work/$1/state" --lease-page "$work/$1/page" "${goosed_args[@]}"
}

# The daemon alone: a helper that it keeps for its last will is none of those that die.
peer_struck() {
    pid_of "$1" goosed
}

peer_place() {
    echo "192.0.2.$1:7000"
}

peer_version() {
    "$GOOSED" --version | head -n 1
}
