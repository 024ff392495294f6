#!/usr/bin/env bash
# A kind cluster whose workers are nodes of Slurm, and slurmctld with BeBiDa beside it. Needs docker, kind, kubectl,
# openssl, and BeBiDa built on the Debian release of the node image.
#
# usage: sudo tests/lab/containers/kind/up.sh [NODE_IMAGE]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
image=${1-kindest/node:v1.35.0}
lab=/tmp/bebida-labs/kind

# A client certificate for the user bebida, signed by the cluster.
make_identity() {
    local key=$lab/bebida.key request config=$lab/kubernetes/bebida.kubeconfig
    (umask 077 && openssl genrsa -out "$key" 2048 2>/dev/null)
    request=$(openssl req -new -key "$key" -subj /CN=bebida | base64 -w0)
    kubectl apply -f - <<END
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: bebida}
spec:
  request: $request
  signerName: kubernetes.io/kube-apiserver-client
  usages: [client auth]
END
    kubectl certificate approve bebida
    kubectl wait csr/bebida --for=jsonpath='{.status.certificate}' --timeout=60s
    kubectl get csr bebida -o jsonpath='{.status.certificate}' | base64 -d >"$lab/bebida.crt"
    # The address inside Docker's network, where slurmctld is.
    kind get kubeconfig --name bebida --internal >"$config"
    chmod 600 "$config"
    kubectl --kubeconfig "$config" config set-credentials bebida --embed-certs --client-key "$key" --client-certificate "$lab/bebida.crt"
    kubectl --kubeconfig "$config" config set-context --current --user bebida
    kubectl --kubeconfig "$config" config delete-user kind-bebida
}

"$here/images.sh" "$image"
mkdir -p "$lab/kubernetes" "$lab/configuration"
(umask 077 && head -c 128 /dev/urandom >"$lab/munge.key")
cp "$here/bebida.yaml" "$lab/configuration"
printf '%s\n' 'LAB_NODES=bebida-worker,bebida-worker2' LAB_PLUGIN=yes LAB_SPANK=yes >"$lab/site"

kind create cluster --config "$here/cluster.yaml"
kubectl config use-context kind-bebida
kubectl apply -f "$here/../../../../packaging/kubernetes/rbac.yaml"
make_identity
touch "$lab/kubernetes/ready"
"$here/controller.sh" bebida-kind:controller bebida-controller kind "$lab"
echo "docker exec bebida-controller srun -N2 hostname"
