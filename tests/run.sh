#!/usr/bin/env bash
# shellcheck disable=SC2317 # lanes are called by their names
# Sets up what is missing, builds, and runs all tests or those of a level:
#   sudo tests/run.sh [--only LEVEL]... [--slurm VERSION]
# Levels: style, unit (needs neither root nor set-up, only the .NET SDK), native, cluster, system, packages; and vm, all of
# the virtual machine's tests, of which "system" has a part.
# All releases of Slurm have the tests of the category Core, and one has all tests: --slurm names it, or else the commit's hash
# picks it.
# Ends with the line "N passed, N failed, N skipped"; exits 0 only when nothing failed.
# BEBIDA_CACHE (default /var/cache/bebida-tests) keeps what is slow to fetch, outside of the tree.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

levels=(style unit native cluster system packages)
releases=(22.05 24.11 26.05)
commit=$(git rev-parse --short=6 HEAD 2> /dev/null)
slurm=${releases[$((16#${commit:-0} % ${#releases[@]}))]}
only=()
while (($# > 0)); do
    case $1 in
        --only)
            [[ " ${levels[*]} vm " == *" ${2:-} "* ]] || { echo "run.sh: --only takes one of: ${levels[*]} vm" >&2; exit 2; }
            only+=("$2")
            shift 2
            ;;
        --slurm)
            [[ " ${releases[*]} " == *" ${2:-} "* ]] || { echo "run.sh: --slurm takes one of: ${releases[*]}" >&2; exit 2; }
            slurm=$2
            shift 2
            ;;
        *) echo "usage: sudo tests/run.sh [--only LEVEL]... [--slurm VERSION], LEVEL one of: ${levels[*]} vm, VERSION of: ${releases[*]}" >&2; exit 2 ;;
    esac
done
[ ${#only[@]} -gt 0 ] || only=("${levels[@]}")

# wants <level...>: whether one of them is to be run.
wants() {
    local level
    for level in "$@"; do [[ " ${only[*]} " != *" $level "* ]] || return 0; done
    return 1
}

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

# timed <command...>: runs it, and leaves in $cost how long it took, and how much of the processors.
timed() {
    local TIMEFORMAT='%0lR, processors %0U + %0S s' file code
    file=$(mktemp -p "$logs" cost.XXXXXX)
    { time "$@" 2>&3; } 3>&2 2> "$file"
    code=$?
    cost=$(< "$file")
    rm "$file"
    return "$code"
}

# check <what> <command...>: counts as one test. The last that it said is kept with its name.
check() {
    step "$1"
    shift
    local log
    log=$(mktemp -p "$logs" check.XXXXXX)
    if timed "$@" > "$log" 2>&1; then
        passed=$((passed + 1))
        cat "$log"
        echo "passed ($cost)"
    else
        cat "$log"
        fails "$*"
        tail -n 15 "$log" | cut -c 1-300 | sed 's/^/    /' >> "$logs/failures"
    fi
    rm "$log"
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

# For how long no test may begin or end before a run breaks off. The slowest takes some four minutes on a quiet machine. What a
# test waits for has a bound of its own, mostly three minutes and never more than 15, and then it says what has not come true.
# So only a fault of the tests lasts this long.
hang=20m

# managed <project> [<release of Slurm> [<category>]]: NUnit's count; a run that breaks off counts as a failure.
managed() {
    local name log on=() filter=()
    name=$(basename "$1")
    [ -z "${2-}" ] || on=(tests/lab/slurm/run.sh "$2")
    if [ -n "${3-}" ]; then filter=(--filter "TestCategory=$3") name="$name, $3, on Slurm $2"; fi
    log=$logs/$name.log
    step "$name"
    timed "${on[@]}" dotnet test "$1" < /dev/null --no-build --nologo --blame-hang --blame-hang-timeout $hang --blame-hang-dump-type none \
        --results-directory "$logs" --logger "console;verbosity=normal" "${filter[@]}" > "$log" 2>&1
    local code=$? f p s
    # Debian's newest may not be installable on some day.
    if [ "$code" -eq 77 ] && [ "${2-}" = 26.05 ]; then skip "$name on Slurm $2" "$(tail -n 1 "$log")"; return; fi
    f=$(sed -nE 's/^ *Failed: ([0-9]+)$/\1/p' "$log" | tail -1)
    p=$(sed -nE 's/^ *Passed: ([0-9]+)$/\1/p' "$log" | tail -1)
    s=$(sed -nE 's/^ *Skipped: ([0-9]+)$/\1/p' "$log" | tail -1)
    grep -E '^ +Skipped ' "$log"
    if [ "$code" -ne 0 ]; then
        grep -vE '^ +Passed ' "$log" | tail -n 200
        awk -v project="$name" "$failures_of_log" "$log" >> "$logs/failures"
        [ "${f:-0}" -eq 0 ] && f=1 && echo "$name broke off" >> "$logs/failures"
    fi
    echo "$name: ${p:-0} passed, ${f:-0} failed, ${s:-0} skipped ($cost)"
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
}

# lane <function>: calls it, to be run beside others; leaves its counts and what it printed to collect.
lane() {
    passed=0 failed=0 skipped=0
    "$1" > "$logs/lane-$1.log" 2>&1
    echo "$passed $failed $skipped" > "$logs/lane-$1"
}

# collect <function>: what a lane has printed and counted; one that broke off counts as a failure.
collect() {
    local p=0 f=1 s=0
    cat "$logs/lane-$1.log"
    [ ! -e "$logs/lane-$1" ] || read -r p f s < "$logs/lane-$1"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# skip <what> <why>
skip() {
    echo "Skipped: $1: $2"
    skipped=$((skipped + 1))
}

all_of() {
    local project
    for project in "$@"; do managed "$project"; done
}

style() {
    check "C is formatted" bash -c "find native tests/native tests/bench tests/footprint tests/fuzz -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror"
    check "clang-tidy finds nothing in C" bash -c "cmake --preset debug > /dev/null && clang-tidy -p build/debug --quiet native/*/*.c 2> /dev/null"
    check "C# is formatted" bash -c "dotnet tool restore > /dev/null && dotnet csharpier check ."
    check "shell scripts are clean" bash -c "find tests packaging .ci -name '*.sh' -print0 | xargs -0 shellcheck .ci/run packaging/gridengine/bebida-* packaging/oar/bebida-hook packaging/node/bebida-node packaging/plugins/bebida-build-plugins"
    check "what people read is plain English" tests/prose/check.sh
    check "alert rules are valid" promtool check rules packaging/prometheus/bebida.rules.yml packaging/prometheus/slurm-nodes.rules.yml
    check "alert rules do what they say" promtool test rules tests/prometheus/bebida.rules.test.yml tests/prometheus/slurm-nodes.rules.test.yml
}

unit() { all_of tests/unit/*Tests; }

cluster() { all_of tests/cluster/*.Tests; }

# Machines take their time to boot, and stay without network for minutes.
machines() {
    all_of tests/system/BeBiDa.{Nodes,Containers}.Tests
    # Without Docker, the tests on machines have said so themselves.
    local why
    if why=$(bash -c 'source tests/lab/containers/docker.sh && docker_acquire && docker_stop_unused' 2>&1); then
        check "the recipe for kind makes a machine that joins Slurm" tests/lab/containers/kind/check.sh
    else
        skip "the recipe for kind" "Docker does not run here: $why"
    fi
}

integration() {
    echo "All tests on Slurm $slurm, as by: tests/run.sh --only system --slurm $slurm"
    managed tests/system/BeBiDa.Integration.Tests "$slurm"
}

chaos() {
    managed tests/system/BeBiDa.ChaosRun.Tests "$slurm"
    all_of tests/system/BeBiDa.Footprint.Tests
}

vm() {
    if wants vm; then export BEBIDA_VM=all; fi
    all_of tests/system/BeBiDa.Vm.Tests
}

slurms() {
    local release
    for release in "${releases[@]}"; do
        [ "$release" = "$slurm" ] || managed tests/system/BeBiDa.Integration.Tests "$release" Core
    done
}

tools() {
    managed tests/system/BeBiDa.Lab.Tests "$slurm"
    all_of tests/system/BeBiDa.{Cli,Host,Libraries}.Tests
}

packages() {
    local release code
    for release in bookworm trixie sid; do
        step "packages for Debian $release: installed, upgraded and removed by the commands of docs/install.md"
        packaging/test.sh "$release" < /dev/null > "$logs/packages-$release.log" 2>&1
        code=$?
        grep -E '^ *[0-9]+s  ' "$logs/packages-$release.log"
        # Debian's newest may not be installable on some day.
        if [ "$code" -eq 77 ] && [ "$release" = sid ]; then
            skip "the packages for sid" "$(tail -n 1 "$logs/packages-$release.log")"
        elif [ "$code" -ne 0 ]; then
            tail -n 100 "$logs/packages-$release.log"
            fails "packaging/test.sh $release"
        else
            passed=$((passed + 1))
        fi
    done
}

managers() {
    check "jobs of a real Grid Engine hand nodes over" tests/lab/gridengine/check.sh
    check "jobs of a real OAR hand nodes over" tests/lab/oar/check.sh
    check "a node is installed, joins, and leaves without a trace" tests/lab/node/check.sh
    check "the benchmarks run, in short, on the embedded API server" bash -c "dotnet build/dotnet/bin/BeBiDa.Bench/debug/BeBiDa.Bench.dll --quick --api embedded --only sizes requests lastpod neighbour > $logs/bench.log"
}

mkdir -p "$logs"
rm -f "$logs"/failures "$logs"/lane-* "$logs"/*.log
if ! wants style native cluster system packages vm; then
    for project in tests/unit/*Tests; do must "building $(basename "$project")" dotnet build "$project" --nologo -v quiet; done
    unit
    finish
fi
must "set-up" tests/setup.sh
if wants style; then style; fi
if wants native system packages vm; then
    must "native code and NativeAOT libraries" cmake --preset release
    must "building them" cmake --build --preset release
    must "installing them into build/lab" cmake --install build/release --prefix build/lab
fi
if wants unit native cluster system packages vm; then must "tests" dotnet build BeBiDa.sln --nologo -v quiet; fi
if wants native; then
    native release
    for preset in asan tsan valgrind fuzz; do
        must "native code for $preset" cmake --preset $preset
        must "building it" cmake --build --preset $preset
        native $preset
    done
fi
if wants unit; then unit; fi
# What takes longest comes first. With three at a time, forty to sixty processes waited for two processors, and what a test waits
# for came late.
parts=()
if wants system; then parts+=(machines integration); fi
if wants system vm; then parts+=(vm); fi
if wants packages; then parts+=(packages); fi
if wants system; then parts+=(slurms managers); fi
if wants cluster; then parts+=(cluster); fi
if wants system; then parts+=(chaos tools); fi
if ((${#parts[@]} > 0)); then step "two at a time: ${parts[*]}"; fi
for part in "${parts[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
    lane "$part" &
done
wait
for part in "${parts[@]}"; do collect "$part"; done
if [ ${#only[@]} -eq ${#levels[@]} ]; then
    for project in tests/{unit,cluster,system}/*Tests; do
        [ -e "$logs/$(basename "$project").log" ] || fails "$project is in no lane of tests/run.sh"
    done
fi
finish
