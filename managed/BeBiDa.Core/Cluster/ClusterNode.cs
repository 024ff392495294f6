namespace BeBiDa.Cluster;

/// <summary>A Kubernetes Node, as far as a hold needs it.</summary>
/// <param name="Name">Its name in Kubernetes.</param>
/// <param name="Uid">Its uid; a node that was deleted and registered again has another.</param>
/// <param name="SlurmName">The value of the label that <c>nodes.label</c> names; null without one.</param>
/// <param name="Mark">What the label says that <c>nodes.maintenanceLabel</c> names; null without one.</param>
public sealed record ClusterNode(string Name, string Uid, string? SlurmName = null, MaintenanceMark? Mark = null);
