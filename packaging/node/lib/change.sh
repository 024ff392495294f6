# shellcheck shell=bash
# Everything that changes the machine goes through here, so that a dry run is one, and remove knows what was changed.

dry_run=${dry_run:-no}
state=/var/lib/bebida-node

# run COMMAND...
run() {
    say "+ $*"
    [[ $dry_run == yes ]] || "$@"
}

# note LIST WORD...: remembers what remove is to undo.
note() {
    [[ $dry_run == no ]] || return 0
    mkdir -p "$state"
    printf '%s\n' "${@:2}" | sort -u - "$state/$1" 2>/dev/null >"$state/$1.new" || printf '%s\n' "${@:2}" >"$state/$1.new"
    mv "$state/$1.new" "$state/$1"
}

# noted LIST: what was.
noted() { [[ ! -e $state/$1 ]] || cat "$state/$1"; }

# put FILE [MODE]: makes FILE of standard input, if it is not that already; what was there first is kept. True if it changed.
put() {
    local file=$1 mode=${2:-644} text lines
    text=$(cat)
    if [[ -e $file && $(<"$file") == "$text" ]]; then return 1; fi
    say "+ write $file"
    if [[ $dry_run == yes ]]; then
        if [[ -e $file ]]; then
            mapfile -t lines < <(diff --unified=0 "$file" - <<<"$text" | tail -n +3)
        else
            mapfile -t lines <<<"$text"
        fi
        printf '    %s\n' "${lines[@]}"
        return 0
    fi
    mkdir -p "$(dirname "$file")" "$state/before"
    if [[ -e $file ]] && ! grep -qxF "$file" "$state/files" 2>/dev/null; then
        cp --archive --parents "$file" "$state/before"
    fi
    note files "$file"
    install -m "$mode" /dev/null "$file"
    printf '%s\n' "$text" >"$file"
}

# restore_files: they are again as they were, or gone.
restore_files() {
    local file
    while read -r file; do
        if [[ -e $state/before$file ]]; then
            run cp --archive "$state/before$file" "$file"
        elif [[ -e $file || -L $file ]]; then
            run rm -f "$file"
        fi
    done < <(noted files)
}
