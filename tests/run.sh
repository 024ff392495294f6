#!/usr/bin/env bash
# Sets up what is missing, builds everything, checks the formatting and runs all tests:
#   sudo tests/run.sh
# Ends with the line "N passed, N failed, N skipped"; exits 0 only when nothing failed.
# BEBIDA_CACHE (default /var/cache/bebida-tests) keeps what is slow to fetch, outside of the tree.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

passed=0 failed=0 skipped=0
logs=build/test-logs

step() {
    printf '\n== %s (%dm%02ds)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60))
}

finish() {
    # Once more, by name: of a long output often only the end is at hand.
    if [ -s "$logs/failures" ]; then printf '\nFailed:\n'; cat "$logs/failures"; fi
    printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    exit $((failed > 0))
}

# fails <what>: counts one failure, and remembers its name.
fails() {
    echo "failed: $1"
    echo "$1" >> "$logs/failures"
    failed=$((failed + 1))
}

# must <what> <command...>: without it nothing else makes sense.
must() {
    step "$1"
    shift
    "$@" || { fails "$*"; finish; }
}

# check <what> <command...>: counts as one test.
check() {
    step "$1"
    shift
    if "$@"; then passed=$((passed + 1)); else fails "$*"; fi
}

# native <preset>: CTest's own count.
native() {
    step "native tests, $1"
    local log=$logs/native-$1.log
    ctest --preset "$1" -j2 2>&1 | tee "$log"
    local counts
    if counts=$(sed -nE 's/.* ([0-9]+) tests? failed out of ([0-9]+).*/\1 \2/p' "$log") && [ -n "$counts" ]; then
        failed=$((failed + ${counts% *}))
        sed -nE "s/^[[:space:]]*[0-9]+ - (.*) \((Failed|Timeout|SEGFAULT).*/native, $1: \1/p" "$log" >> "$logs/failures"
        passed=$((passed + ${counts#* } - ${counts% *}))
    else
        fails "ctest ran no test of $1"
    fi
}

# The name of each test that failed, and how its message begins.
# shellcheck disable=SC2016 # awk's
failures_of_log='/^ +Failed .* \[[^]]*\]$/ { sub(/^ +Failed /, ""); sub(/ \[[^]]*\]$/, ""); print project ": " $0 }
    /^ +(Stack Trace|Standard Output Messages):/ { left = 0 }
    left > 0 { print "    " substr($0, 1, 300); left-- }
    /^ +Error Message:/ { left = 8 }'

# managed <project>: NUnit's count; a run that breaks off counts as a failure.
managed() {
    local name log
    name=$(basename "$1")
    log=$logs/$name.log
    step "$name"
    dotnet test "$1" < /dev/null --no-build --nologo --blame-hang --blame-hang-timeout 60m --blame-hang-dump-type none \
        --results-directory "$logs" --logger "console;verbosity=normal" > "$log" 2>&1
    local code=$? f p s
    f=$(sed -nE 's/^ *Failed: ([0-9]+)$/\1/p' "$log" | tail -1)
    p=$(sed -nE 's/^ *Passed: ([0-9]+)$/\1/p' "$log" | tail -1)
    s=$(sed -nE 's/^ *Skipped: ([0-9]+)$/\1/p' "$log" | tail -1)
    grep -E '^ +Skipped ' "$log"
    if [ "$code" -ne 0 ]; then
        grep -vE '^ +Passed ' "$log" | tail -n 200
        awk -v project="$name" "$failures_of_log" "$log" >> "$logs/failures"
        [ "${f:-0}" -eq 0 ] && f=1 && echo "$name broke off" >> "$logs/failures"
    fi
    echo "$name: ${p:-0} passed, ${f:-0} failed, ${s:-0} skipped"
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
}

# lane <name> <project...>: tests one project after the other, to be run beside another lane; leaves its counts and what
# it printed to collect.
lane() {
    local name=$1 project
    passed=0 failed=0 skipped=0
    for project in "${@:2}"; do managed "$project"; done > "$logs/lane-$name.log" 2>&1
    echo "$passed $failed $skipped" > "$logs/lane-$name"
}

# collect <name>: what a lane has printed and counted; one that broke off counts as a failure.
collect() {
    local p=0 f=1 s=0
    cat "$logs/lane-$1.log"
    [ ! -e "$logs/lane-$1" ] || read -r p f s < "$logs/lane-$1"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

mkdir -p "$logs"
rm -f "$logs/failures"
must "set-up" tests/setup.sh

check "C is formatted" bash -c "find native tests/native tests/bench tests/footprint tests/fuzz -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror"
check "shell scripts are clean" bash -c "find tests packaging .ci -name '*.sh' -print0 | xargs -0 shellcheck .ci/run packaging/gridengine/bebida-* packaging/oar/bebida-hook packaging/node/bebida-node"
check "alert rules are valid" promtool check rules packaging/prometheus/bebida.rules.yml packaging/prometheus/slurm-nodes.rules.yml
check "alert rules do what they say" promtool test rules tests/prometheus/bebida.rules.test.yml tests/prometheus/slurm-nodes.rules.test.yml
must "native code and NativeAOT libraries" cmake --preset release
must "building them" cmake --build --preset release
must "installing them into build/lab" cmake --install build/release --prefix build/lab
for preset in asan tsan valgrind fuzz; do
    must "native code for $preset" cmake --preset $preset
    must "building it" cmake --build --preset $preset
done
must "tests" dotnet build BeBiDa.sln --nologo -v quiet
check "C# is formatted" dotnet csharpier check .

native release
native asan
native tsan
native valgrind
native fuzz

# Machines take their time to boot, and stay without network for minutes: their tests run beside the others'; and after
# them those that need no Slurm, so that both lanes are about as long.
mapfile -t machines < <(find tests/system/BeBiDa.Nodes.Tests tests/lab/BeBiDa.Containers.Tests tests/cluster/BeBiDa.Kubernetes.Tests tests/support -name '*.Tests.csproj' -printf '%h\n' | awk '{print /Nodes|Containers/ ? 0 : 1, $0}' | sort | cut -d' ' -f2)
mapfile -t others < <(find tests -name '*.Tests.csproj' -printf '%h\n' | grep -vxFf <(printf '%s\n' "${machines[@]}") | sort)
rm -f "$logs"/lane-*
step "tests on machines, beside those on this host"
lane machines "${machines[@]}" &
lane host "${others[@]}" &
wait
collect host
collect machines
check "the benchmarks run, in short, on the embedded API server" bash -c "dotnet build tests/bench/BeBiDa.Bench -c Release --nologo -v quiet && dotnet build/dotnet/bin/BeBiDa.Bench/release/BeBiDa.Bench.dll --quick --api embedded --only sizes requests lastpod neighbour > $logs/bench.log"
for release in bookworm trixie sid; do
    step "packages for Debian $release: installed, upgraded and removed by the commands of docs/install.md"
    packaging/test.sh "$release" < /dev/null > "$logs/packages-$release.log" 2>&1
    code=$?
    grep -E '^ *[0-9]+s  ' "$logs/packages-$release.log"
    # Debian's newest may not be installable on some day.
    if [ "$code" -eq 77 ] && [ "$release" = sid ]; then
        echo "Skipped: the packages for sid: $(tail -n 1 "$logs/packages-$release.log")"
        skipped=$((skipped + 1))
    elif [ "$code" -ne 0 ]; then
        tail -n 100 "$logs/packages-$release.log"
        fails "packaging/test.sh $release"
    else
        passed=$((passed + 1))
    fi
done
check "jobs of a real Grid Engine hand nodes over" tests/lab/gridengine/check.sh
check "jobs of a real OAR hand nodes over" tests/lab/oar/check.sh
check "a node is installed, joins, and leaves without a trace" tests/lab/node/check.sh
# Without Docker, the tests on machines have said so themselves.
if why=$(bash -c 'source tests/lab/containers/docker.sh && docker_acquire && docker_stop_unused' 2>&1); then
    check "the recipe for kind makes a machine that joins Slurm" tests/lab/containers/kind/check.sh
else
    echo "Skipped: the recipe for kind: Docker does not run here: $why"
    skipped=$((skipped + 1))
fi
finish
