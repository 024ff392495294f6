#!/usr/bin/env bash
# Ends every process of a lab and removes its directory, once its owner closes our input: by intent,
# or because the owner died. So a test that is killed leaves no daemon and no job step behind.
#
# usage: reaper.sh DIRECTORY SECONDS [keep]
#   SECONDS  how long daemons may take to stop by themselves
#   keep     leave the directory
set -u
directory=$1
patience=$2
keep=${3-}

# pid:starttime of a process, unless it is gone or a zombie; the start time guards against a reused pid.
identity() {
    local stat fields
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[0]} == Z ]] || printf '%s:%s\n' "$1" "${fields[19]}"
}

# Slurm's daemons and steps wipe their environment and leave their parents, but they stay in the lab's
# directory or hold files of it open.
daemons() {
    local name=$1 pid comm
    find /proc/[0-9]*/cwd /proc/[0-9]*/fd \
        \( -lname "$directory" -o -lname "$directory/*" \) -print 2>/dev/null |
        cut -d/ -f3 | sort -u |
        while read -r pid; do
            { read -r comm <"/proc/$pid/comm"; } 2>/dev/null || continue
            [[ $comm =~ ^($name)$ ]] && printf '%s\n' "$pid"
        done
}

# All that belongs to the lab: its daemons and steps, what carries its mark, and the children of these.
# Without one of those to begin with there is nothing.
members() {
    local seeds
    seeds=$({
        daemons 'slurmctld|slurmscriptd|slurmd|slurmstepd|munged'
        grep -lzxFs -- "BEBIDA_LAB=$directory" /proc/[0-9]*/environ | cut -d/ -f3
    } | sort -u)
    [[ -n $seeds ]] || return 0
    ps -eo pid=,ppid= | awk -v seeds="$seeds" -v self=$$ '
        BEGIN { count = split(seeds, seed); for (i = 1; i <= count; i++) member[seed[i]] = 1 }
        { parent[$1] = $2 }
        END {
            do {
                grown = 0
                for (pid in parent)
                    if (!(pid in member) && parent[pid] in member) { member[pid] = 1; grown = 1 }
            } while (grown)
            # We are no part of any lab: a set that takes us in is wrong, and nothing of it is ended.
            if (self in member) exit
            for (pid in member) print pid
        }' |
        while read -r pid; do identity "$pid"; done
}

# Those of the given identities that still run.
remaining() {
    local one
    for one in "$@"; do
        [[ $(identity "${one%%:*}") == "$one" ]] && printf '%s\n' "$one"
    done
}

while read -r _; do :; done

mapfile -t known < <(members)

mapfile -t stopping < <(daemons 'slurmctld|slurmd' | while read -r pid; do identity "$pid"; done)
for one in "${stopping[@]}"; do kill -TERM "${one%%:*}" 2>/dev/null; done
end=$((SECONDS + patience))
while ((SECONDS < end)) && [[ -n $(remaining "${stopping[@]}") ]]; do sleep 0.05; done

# A process may start another while we look: look until there is none.
for ((round = 0; round < 100; round++)); do
    mapfile -t left < <({ remaining "${known[@]}"; members; } | sort -u)
    ((${#left[@]} == 0)) && break
    for one in "${left[@]}"; do kill -KILL "${one%%:*}" 2>/dev/null; done
    sleep 0.02
done

[[ $keep == keep ]] || rm -rf -- "$(readlink -m -- "$directory/state")" "$directory"
((${#left[@]} == 0))
