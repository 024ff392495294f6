# shellcheck shell=bash
# Singularity by its CRI, sycri. It speaks CRI v1alpha2 and no other, which kubelet gave up with 1.26; and it is no longer
# worked on. Apptainer has none. So this is for clusters that stay at 1.24 or 1.25; elsewhere users have Apptainer for their
# jobs, and Kubernetes has containerd beside it.

singularity_versions() {
    ((minor <= 25)) || wrong "--runtime singularity: its CRI (sycri) speaks v1alpha2 only, which kubelet takes up to 1.25, not in $kubernetes; use containerd or crio, and Apptainer beside it for jobs"
    [[ -n $SYCRI_ARCHIVE ]] || wrong "--runtime singularity: nobody packages sycri; set SYCRI_ARCHIVE to an archive of bin/sycri and etc/sycri/sycri.yaml that you have built"
    warn "Kubernetes $kubernetes and sycri get no security fixes any more"
}

singularity_install() {
    packages singularity-ce
    if [[ ! -x /usr/local/bin/sycri ]]; then
        say "+ unpack $SYCRI_ARCHIVE to /usr/local"
        if [[ $dry_run == no ]]; then
            fetch "$SYCRI_ARCHIVE" | tar -xz -C /usr/local bin/sycri etc/sycri/sycri.yaml || die "$SYCRI_ARCHIVE: no gzipped tar with bin/sycri and etc/sycri/sycri.yaml"
            note files /usr/local/bin/sycri /usr/local/etc/sycri/sycri.yaml
        fi
    fi
    if put /etc/systemd/system/sycri.service <<'UNIT'; then
[Unit]
Description=Singularity's container runtime for Kubernetes
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=/usr/local/bin/sycri -config /usr/local/etc/sycri/sycri.yaml
Restart=on-failure

[Install]
WantedBy=multi-user.target
UNIT
        run systemctl daemon-reload
    fi
    run systemctl enable --now sycri.service
}
