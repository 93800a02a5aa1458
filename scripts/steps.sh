# shellcheck shell=bash
# What the scripts have in common: to be sourced from the root of the project.
#
# A step says in one line what it did, how long it took and how much it left on the disk; its own output is shown only
# when it fails.

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# step WHAT PATH COMMAND…: PATH is what the command makes, or empty.
step() {
    local what=$1 made=$2 began=$SECONDS status=0 size="" log
    shift 2
    log=$(mktemp)
    printf '  %s…' "$what"
    # Not `if "$@"`: bash would switch errexit off inside a function called so.
    set +e
    (set -e && "$@") >"$log" 2>&1 </dev/null
    status=$?
    set -e
    if ((status != 0)); then
        printf ' failed after %d s\n' $((SECONDS - began))
        cat "$log" >&2
        rm -f "$log"
        exit "$status"
    fi
    rm -f "$log"
    [[ ! -e $made ]] || size=", $(du -sh "$made" | cut -f1) in $made"
    printf ' %d s%s\n' $((SECONDS - began)) "$size"
}

# at_least VERSION FLOOR: an empty VERSION is below every floor.
at_least() {
    [[ -n $1 && $(printf '%s\n' "$2" "$1" | sort --version-sort | head -n 1) == "$2" ]]
}

can_install_debian_packages() {
    [[ $EUID == 0 ]] && command -v apt-get >/dev/null
}

install_debian_packages() {
    export DEBIAN_FRONTEND=noninteractive
    # The lists may be missing (a container image) or so old that the packages they name are gone.
    apt-get -q update && apt-get -q install --yes --no-install-recommends "$@"
}
