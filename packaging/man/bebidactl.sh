#!/bin/sh
# Makes the manual page bebidactl(1) from what bebidactl itself says with --help, so that no command is missing:
#   bebidactl.sh <bebidactl> <version>
set -eu
bebidactl=$1 version=$2
here=$(dirname "$0")

# describe <command...>: a command and those below it; none for bebidactl itself.
describe() {
    # shellcheck disable=SC2086 # a command is words
    help=$("$bebidactl" ${1:-} --help)
    printf '%s\n' "$help" | awk -f "$here/roff.awk" -f "$here/bebidactl.awk" -v command="${1:-}"
    for below in $(printf '%s\n' "$help" | awk '/^[^ ]/ { commands = $0 == "Commands:" } commands && /^  [a-z]/ { print $1 }'); do
        # A subshell each: sh has no local variables.
        (describe "${1:+$1 }$below")
    done
}

printf '.TH BEBIDACTL 1 "" "BeBiDa %s" "User Commands"\n' "$version"
cat << 'PAGE'
.SH NAME
bebidactl \- take nodes of a Slurm cluster from Kubernetes, and give them back
.SH SYNOPSIS
.B bebidactl
.I command
.RI [ options ]
.SH DESCRIPTION
PAGE
describe ""
cat << 'PAGE'
.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
It failed.
.TP
.B 2
Wrong usage or configuration.
.SH ENVIRONMENT
.TP
.B BEBIDA_CONFIG
The configuration file, unless
.B \-\-config
names one.
.TP
.B SLURM_CLUSTER_NAME
The name of the Slurm cluster, unless
.B \-\-cluster
gives one. Without both,
.B decommission
and
.B recommission
ask slurmctld.
.SH FILES
.I /etc/bebida/bebida.yaml
.br
.I /etc/bebida/kubeconfig
.SH SEE ALSO
.BR bebida (7),
.BR bebida.yaml (5),
.BR slurm.conf (5),
.BR kubectl (1)
PAGE
