namespace BeBiDa.Accounts;

/// <summary>What Slurm says of one of its nodes.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">Its state, as scontrol prints it: <c>MIXED+DRAIN</c>.</param>
/// <param name="Partitions">Its partitions, with commas; may be empty.</param>
public sealed record SlurmFacts(string Name, string State, string Partitions);

/// <summary>What Kubernetes says of a node.</summary>
/// <param name="Ready">Whether its kubelet reports it ready.</param>
/// <param name="Unschedulable">Whether Kubernetes puts no new pods on it.</param>
/// <param name="Holds">The holds on it, with commas: <c>lab.7,lab.maint</c>.</param>
/// <param name="Pods">Its pods that a hand-over would evict, as <c>bebidactl status</c> counts them.</param>
/// <param name="Tolerating">Those among them that tolerate a hold; no job waits for them.</param>
public sealed record KubernetesFacts(bool Ready, bool Unschedulable, string Holds, int Pods, int Tolerating);
