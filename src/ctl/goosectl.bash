# shellcheck shell=bash
# goosectl.bash: completion for bash. Source it, or put it into /usr/share/bash-completion/completions as "goosectl".
# It needs nothing but bash. Members are asked for where a node is named, for a second at most.

# The addresses that the node of --at or GOOSED_SELF knows.
_goosectl_members() {
    local where=()
    [ -z "$1" ] || where=(--at "$1")
    timeout 1 goosectl "${where[@]}" members 2>/dev/null | awk 'NR > 1 { print $1 }'
}

# The options and words that may follow this command.
_goosectl_words_of() {
    case $1 in
    '') echo "status members history watch is-goose wait handover drain undrain remove voters why recover run" ;;
    wait) echo "goose duck ready --timeout" ;;
    handover) echo "--to" ;;
    remove) echo "--force" ;;
    run) echo "--grace -n --" ;;
    recover) echo "--state-dir --self --flock --reset-terms --yes" ;;
    esac
}

_goosectl() {
    local line=${COMP_LINE:0:COMP_POINT} words=() word before='' command='' at='' words_left='' all
    read -ra words <<<"$line"
    # The word under the cursor: bash itself would take an address apart at its colon.
    local current=${line##* }
    [ -z "$current" ] || unset 'words[-1]'
    for word in "${words[@]:1}"; do
        case $before in
        --at) at=$word ;;
        --token-file | --lease-page) ;;
        *) [[ -n $command || $word == -* ]] || command=$word ;;
        esac
        before=$word
    done
    COMPREPLY=()
    case $before in
    --token-file | --lease-page) mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
    --state-dir) mapfile -t COMPREPLY < <(compgen -d -- "$current") && return ;;
    --at | --to | --self) words_left=$(_goosectl_members "$at") ;;
    --timeout | --grace) words_left="10s 1m" ;;
    --flock) ;;
    *)
        words_left="$(_goosectl_words_of "$command") --at --token-file --lease-page --json --help"
        [ -n "$command" ] || words_left+=" --version"
        [ "$command" != remove ] || words_left+=" $(_goosectl_members "$at")"
        ;;
    esac
    mapfile -t all < <(compgen -W "$words_left" -- "$current")
    # Where bash breaks words at colons it has the beginning already.
    if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
        all=("${all[@]#"${current%:*}:"}")
    fi
    COMPREPLY=("${all[@]}")
}

complete -F _goosectl goosectl
