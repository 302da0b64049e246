# shellcheck shell=bash disable=SC2034,SC2154
# etcd.sh: see lib.sh. VARIANT: etcd's own options. Its answer is what the node believes, as goosed's is: no quorum is asked.
# Each answer takes a tenth of a millisecond of a core: not asked so often that it would be slower for it.
peer_begin() {
    read -ra etcd_args <<<"$1"
    way=(etcd) every=4000 steady=1000 jitter=200 patience=20000
}

peer_start() {
    spawn "$1" etcd etcd --name "n$1" --data-dir "$work/$1/data" --logger zap --log-level warn \
        --listen-peer-urls "http://192.0.2.$1:2380" --initial-advertise-peer-urls "http://192.0.2.$1:2380" \
        --listen-client-urls "http://192.0.2.$1:2379" --advertise-client-urls "http://192.0.2.$1:2379" \
        --initial-cluster n1=http://192.0.2.1:2380,n2=http://192.0.2.2:2380,n3=http://192.0.2.3:2380 \
        "${etcd_args[@]}"
}

peer_struck() {
    pid_of "$1" etcd
}

peer_place() {
    echo "192.0.2.$1:2379"
}

peer_version() {
    etcd --version | head -n 1
}
