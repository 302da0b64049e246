# shellcheck shell=bash disable=SC2034,SC2154
# keepalived.sh: see lib.sh. VARIANT: advert_int in seconds. Who has the address leads: the kernel of each machine is asked,
# and goes on to answer for it whatever becomes of keepalived. All begin as BACKUP, and who comes back takes nothing.
# $notify: lines of the configuration for a job, NODE in the place of the node's number.
notify=
peer_begin() {
    local i
    mkdir -p /run/keepalived
    for i in 1 2 3; do
        mkdir -p "$work/$i"
        cat >"$work/$i/keepalived.conf" <<CONF
global_defs {
    router_id n$i
    vrrp_version 3
    script_user root
}
vrrp_instance bench {
    state BACKUP
    nopreempt
    interface eth0
    virtual_router_id 51
    priority $((110 - 10 * i))
    advert_int $1
    virtual_ipaddress {
        192.0.2.100/32
    }
    ${notify//NODE/$i}
}
CONF
    done
    way=(--vip 192.0.2.100 vip) every=1000 steady=2000 jitter=1000 patience=20000
}

peer_start() {
    spawn "$1" keepalived keepalived --dont-fork --vrrp --log-console --use-file "$work/$1/keepalived.conf" \
        --pid "$work/$1/main" --vrrp_pid "$work/$1/vrrp"
}

peer_struck() {
    with_children "$(pid_of "$1" keepalived)" | paste -sd,
}

peer_place() {
    echo "/run/netns/n$1"
}

peer_version() {
    keepalived --version 2>&1 | sed -n '1s/ (.*//p'
}
