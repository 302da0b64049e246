# shellcheck shell=bash
# build.sh: the folders under build/, one for each way of building. Sourced, never run; the caller stands in the
# top folder of the repository.

# build_configure NAME CMAKE-ARGS... - makes build/NAME ready. Quiet unless it fails.
build_configure() {
    local name=$1 log
    shift
    mkdir -p "build/$name"
    log=build/$name/configure.log
    if ! cmake -G Ninja -S . -B "build/$name" "$@" >"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
}

# build_make NAME [TARGET...] - builds all of build/NAME, or the targets only.
build_make() {
    local name=$1 target targets=()
    shift
    for target in "$@"; do
        targets+=(--target "$target")
    done
    cmake --build "build/$name" --parallel "$(nproc)" "${targets[@]}"
}
