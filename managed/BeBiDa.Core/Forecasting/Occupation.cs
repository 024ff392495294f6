namespace BeBiDa.Forecasting;

/// <summary>Nodes that somebody has for a time: a job, or whatever keeps them from Slurm and Kubernetes both.</summary>
/// <param name="Begin">From when on, in seconds from the beginning of what is looked at; before it is allowed.</param>
/// <param name="End">Until when; after the end of what is looked at is allowed.</param>
/// <param name="Nodes">The nodes' numbers, from 0.</param>
/// <param name="Job">Which job it is, from 0; null for what is none, such as a node that is DOWN.</param>
public sealed record Occupation(double Begin, double End, IReadOnlyList<int> Nodes, int? Job);
