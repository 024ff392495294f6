#!/usr/bin/env bash
# Makes the lab's image and prints its name. Docker keeps it; it is made anew only when what stands here or in image/
# has changed. No registry is needed: its base comes from the Debian mirror that this host's apt uses.
#
# usage: sudo [DOCKER_HOST=…] tests/lab/containers/image.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/image"

suite=bookworm

hash_of() {
    sha256sum | cut -c1-12
}

has() {
    docker image inspect "$1" >/dev/null 2>&1
}

mirror() {
    # shellcheck disable=SC2016 # apt's own names.
    apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
        awk -v suite="$suite" '$2 == suite { print $1; exit }'
}

make_base() {
    local work from
    from=$(mirror)
    [[ -n $from ]] || { echo "image.sh: apt knows no mirror with $suite" >&2; return 1; }
    echo "image.sh: making $1 from $from (a minute or two, once)" >&2
    work=$(mktemp -d)
    # shellcheck disable=SC2064 # Now, not when the variable is gone.
    trap "rm -rf --one-file-system '$work'" EXIT
    debootstrap --variant=minbase --include="$(paste -sd, base-packages)" "$suite" "$work/root" "$from" >"$work/log" || {
        tail -n 20 "$work/log" >&2
        return 1
    }
    tar -C "$work/root" -c --exclude='./var/cache/apt/*.bin' --exclude='./var/cache/apt/archives/*.deb' \
        --exclude='./var/lib/apt/lists/*_*' . | docker import - "$1" >/dev/null
}

base=bebida-lab-base:$(cat ../image.sh base-packages | hash_of)
image=bebida-lab:$({
    echo "$base"
    find . -type f -printf '%p %m\n' -exec sha256sum {} + | sort
} | hash_of)

if ! has "$image"; then
    has "$base" || make_base "$base"
    docker build --quiet --network host --build-arg "BASE=$base" --tag "$image" . >/dev/null
fi
echo "$image"
