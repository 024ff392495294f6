#!/usr/bin/env bash
# Builds RPMs for the Slurm whose headers are installed (slurm-devel): the same files as the Debian packages.
#   packaging/rpm/build.sh [--published FOLDER] [--plugindir FOLDER] [--output FOLDER]
# It needs cmake, ninja, gcc, pkgconf, libyaml's headers and rpmbuild; no root. FOLDER of --published has the libraries and
# bebidactl that dotnet has published elsewhere (build/published, once packaging/build.sh has run); without it, dotnet runs
# here. --plugindir is Slurm's plugin directory (default /usr/lib64/slurm). The RPMs are in build/rpm, or where --output says.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

published='' plugindir=/usr/lib64/slurm output=$source/build/rpm
while (($# > 0)); do
    case $1 in
        --published) published=$(realpath "$2"); shift 2 ;;
        --plugindir) plugindir=$2; shift 2 ;;
        --output) output=$2; shift 2 ;;
        *) sed -n '2,/^set/{/^set/d; s/^# \{0,1\}//; p}' "${BASH_SOURCE[0]}"; exit 2 ;;
    esac
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$output"
version=$(sed -nE 's/^project\(bebida VERSION ([0-9.]+).*/\1/p' "$source/CMakeLists.txt")

# Two digits for a year, two for a month, one for what was mended: 0x160508 is 22.05.8.
number=$(echo '#include <slurm/slurm.h>
SLURM_VERSION_NUMBER' | cc -E -P - | tail -n 1)
slurm=$(printf '%d.%02d.%d' $((number >> 16)) $((number >> 8 & 255)) $((number & 255)))
next=$(printf '%d.%02d.%d' $((number >> 16)) $((number >> 8 & 255)) $(((number & 255) + 1)))

cmake -S "$source" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DBUILD_TESTING=OFF -DCMAKE_INSTALL_PREFIX=/usr \
    -DBEBIDA_SLURM_PLUGINDIR="${plugindir#/usr/}" -DBEBIDA_PUBLISHED="$published" -DBEBIDA_PLUGINS_SOURCE=ON
cmake --build "$work/build"
DESTDIR=$work/tree cmake --install "$work/build"

rpmbuild -bb "$source/packaging/rpm/bebida.spec" --define "_topdir $work/rpmbuild" --define "_rpmdir $output" \
    --define "tree $work/tree" --define "license_file $source/LICENSE" --define "plugindir $plugindir" \
    --define "version $version" --define "slurm $slurm" --define "slurm_next $next"
find "$output" -name '*.rpm' -print -exec rpm --query --package --list --requires {} \;
if command -v rpmlint > /dev/null; then
    rpmlint --strict --config "$source/packaging/rpm/rpmlint.toml" "$output"
fi
