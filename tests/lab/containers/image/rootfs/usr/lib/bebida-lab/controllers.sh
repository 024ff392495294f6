#!/bin/bash
# Kubernetes' own scheduler and controllers, until one of them ends.
#
# usage: controllers.sh KUBECONFIG
set -euo pipefail

keys=$(dirname "$1")
cd /opt/kubebuilder
./kube-scheduler --kubeconfig="$1" --leader-elect=false --cert-dir=/tmp/scheduler &
# A dead node is seen within seconds, as with hollow controllers.
./kube-controller-manager --kubeconfig="$1" --leader-elect=false --cert-dir=/tmp/controllers \
    --node-monitor-period=1s --node-monitor-grace-period=4s --use-service-account-credentials=false \
    --root-ca-file="$keys/ca.crt" --service-account-private-key-file="$keys/accounts.key" &
trap 'kill %1 %2' TERM
wait -n
