# shellcheck shell=bash
# Packages, of apt and of dnf.

# repository NAME URL KEY [PACKAGE...]: adds one that is signed with a key of its own, whose PACKAGEs are upgraded by hand.
# Of apt's, URL may be followed by suite and components; alone, it is that of a flat one.
repository() {
    local name=$1 url=$2 key=$3 text
    if [[ $family == debian ]]; then
        [[ $url == *' '* ]] || url="${url%/}/ /"
        : "${key:=${url% *}Release.key}"
        local keyring=/etc/apt/keyrings/$name.asc
        if [[ $dry_run == yes ]]; then
            say "+ fetch $key to $keyring"
        elif [[ ! -e $keyring ]]; then
            text=$(fetch "$key")
            put "$keyring" <<<"$text" || true
        fi
        if printf 'deb [signed-by=%s] %s\n' "$keyring" "$url" | put "/etc/apt/sources.list.d/$name.list"; then
            run apt-get update
        fi
    else
        : "${key:=${url%/}/repodata/repomd.xml.key}"
        put "/etc/yum.repos.d/$name.repo" <<EOF_REPO || true
[$name]
name=$name
baseurl=$url
enabled=1
gpgcheck=1
gpgkey=$key${4:+
exclude=${*:4}}
EOF_REPO
    fi
}

is_installed() {
    if [[ $family == debian ]]; then
        [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
    else
        rpm --query --quiet "$1" 2>/dev/null
    fi
}

# packages NAME[=VERSION]...: installs what is missing, and remembers what was.
packages() {
    local package missing=()
    for package in "$@"; do
        is_installed "${package%%=*}" || missing+=("$package")
    done
    ((${#missing[@]} > 0)) || return 0
    if [[ $family == debian ]]; then
        [[ -n $(find /var/lib/apt/lists -name '*_Packages*' -print -quit 2>/dev/null) ]] || run apt-get update
        run env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}" ||
            die "not installed: ${missing[*]}; see above, and what docs/nodes.md says of mirrors"
    else
        run dnf install --assumeyes --disableexcludes=all "${missing[@]/=/-}" || die "not installed: ${missing[*]}; see above, and what docs/nodes.md says of mirrors"
    fi
    note packages "${missing[@]%%=*}"
}

# hold NAME...: an upgrade of everything does not upgrade them. dnf has it in the repository.
hold() {
    [[ $family == debian ]] || return 0
    local held
    held=$(apt-mark showhold 2>/dev/null || true)
    if [[ $(comm -23 <(printf '%s\n' "$@" | sort) <(sort <<<"$held")) ]]; then run apt-mark hold "$@"; fi
}

# would_remove COMMAND...: the packages that apt-get would remove.
would_remove() { apt-get --simulate "$@" 2>/dev/null | awk '$1 == "Remv" || $1 == "Purg" { print $2 }' | sort; }

# remove_packages: those that packages installed, with what only they needed, and no others.
remove_packages() {
    local gone=() unneeded=()
    mapfile -t gone < <(noted packages)
    ((${#gone[@]} > 0)) || return 0
    if [[ $family == debian ]]; then
        run apt-mark unhold "${gone[@]}"
        # What was unneeded before is not ours.
        mapfile -t unneeded < <(
            comm -13 <({ printf '%s\n' "${gone[@]}"; would_remove autoremove; } | sort -u) <(would_remove purge --autoremove "${gone[@]}")
        )
        run env DEBIAN_FRONTEND=noninteractive apt-get purge --yes "${gone[@]}" "${unneeded[@]}"
    else
        run dnf remove --assumeyes "${gone[@]}"
    fi
}
