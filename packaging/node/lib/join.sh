# shellcheck shell=bash
# Joins the cluster, whose CA is checked by its hash: who answers at the endpoint is the cluster that was meant, or nobody.

# no_job_is_here: a join starts kubelet, and a reset ends pods; not beside a job of Slurm's.
no_job_is_here() {
    local jobs
    jobs=$(find /run/bebida/jobs -mindepth 1 -printf '%f ' 2>/dev/null || true)
    [[ -z $jobs || $dry_run == yes ]] || die "job ${jobs% } has this node; drain it first (scontrol update nodename=$(hostname -s) state=drain reason=kubernetes), and try again after the job"
    [[ ! -e /run/bebida/linger || $dry_run == yes ]] || die "this node is kept for Slurm's next job (nodes.linger); drain it first (scontrol update nodename=$(hostname -s) state=drain reason=kubernetes), and try again in half a minute"
}

check_join() {
    [[ $endpoint =~ ^[^[:space:]/]+:[0-9]+$ ]] || wrong "--endpoint: '$endpoint' is not HOST:PORT, the API server's, such as 10.0.0.1:6443"
    if [[ -n $ca_cert ]]; then
        ca_hash=sha256:$(openssl x509 -in "$ca_cert" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1) ||
            wrong "--ca-cert: $ca_cert is no certificate (/etc/kubernetes/pki/ca.crt of the control plane)"
    fi
    [[ $ca_hash =~ ^sha256:[0-9a-f]{64}$ ]] || wrong "the cluster's CA is needed: --ca-cert FILE, or --ca-hash sha256:… (kubeadm token create --print-join-command shows it)"
    if [[ -n $token_file ]]; then read -r token <"$token_file" || true; else token=${K8S_JOIN_TOKEN:-}; fi
    [[ ${token:-} =~ ^[a-z0-9]{6}\.[a-z0-9]{16}$ ]] || wrong "a token is needed, in --token-file or K8S_JOIN_TOKEN (kubeadm token create, on the control plane)"
    : "${node_name:=$(hostname -s)}"
    ((${#labels[@]} > 0)) || labels=(bebida.io/lent=true)
    local word
    for word in "${labels[@]}"; do
        [[ $word =~ ^([a-z0-9.-]+/)?[A-Za-z0-9._-]+=[A-Za-z0-9._-]*$ ]] || wrong "--label: '$word' is not KEY=VALUE"
    done
    for word in "${taints[@]}"; do
        [[ $word =~ ^([a-z0-9.-]+/)?[A-Za-z0-9._-]+(=[A-Za-z0-9._-]*)?:(NoSchedule|PreferNoSchedule|NoExecute)$ ]] || wrong "--taint: '$word' is not KEY[=VALUE]:NoSchedule, PreferNoSchedule or NoExecute"
    done
}

join() {
    check_join
    if [[ -e /etc/kubernetes/kubelet.conf ]]; then
        say "joined already ($(sed -n 's/^ *server: //p' /etc/kubernetes/kubelet.conf)); bebida-node rejoin to join anew"
        return 0
    fi
    local version file
    version=$(kubeadm version --output short 2>/dev/null) || { [[ $dry_run == yes ]] && version=v1.36.0; } || die "there is no kubeadm: bebida-node install comes first"
    version=${version#v1.}
    if [[ $dry_run == yes ]]; then
        say "+ kubeadm join --config FILE, with"
        join_configuration "${version%%.*}" | sed "s/$token/<token>/; s/^/    /"
        return 0
    fi
    # In a file, since everyone sees the arguments of a process.
    file=$(mktemp)
    # shellcheck disable=SC2064 # Now, not when the variable is gone.
    trap "rm -f '$file'" EXIT
    join_configuration "${version%%.*}" >"$file"
    run kubeadm join --config "$file" || die "kubeadm join failed, see above; bebida-node reset, and try again"
    rm -f "$file"
    say "joined as $node_name; kubectl get node $node_name"
}

# join_configuration MINOR: what kubeadm of that version reads.
join_configuration() {
    local word key value arguments
    arguments=$(IFS=, && echo "node-labels=${labels[*]}")${node_ip:+$'\n'node-ip=$node_ip}
    if (($1 >= 31)); then echo "apiVersion: kubeadm.k8s.io/v1beta4"; else echo "apiVersion: kubeadm.k8s.io/v1beta3"; fi
    cat <<JOIN
kind: JoinConfiguration
discovery:
  bootstrapToken:
    apiServerEndpoint: "$endpoint"
    token: "$token"
    caCertHashes: ["$ca_hash"]
nodeRegistration:
  name: "$node_name"
  criSocket: "$cri_socket"
JOIN
    if ((${#taints[@]} > 0)); then
        echo "  taints:"
        for word in "${taints[@]}"; do
            key=${word%%[=:]*} value=${word%:*}
            [[ $value == *=* ]] && value=${value#*=} || value=''
            echo "    - {key: \"$key\", value: \"$value\", effect: \"${word##*:}\"}"
        done
    else
        echo "  taints: []"
    fi
    echo "  kubeletExtraArgs:"
    while IFS='=' read -r key value; do
        if (($1 >= 31)); then echo "    - {name: \"$key\", value: \"$value\"}"; else echo "    $key: \"$value\""; fi
    done <<<"$arguments"
}
