using BeBiDa.EmbeddedApi;

namespace BeBiDa.Bench;

/// <summary>How much is measured.</summary>
/// <param name="Api">Which API server is measured with.</param>
/// <param name="Quick">Only whether it all works: few rounds, few nodes, few jobs.</param>
/// <param name="Nodes">How many nodes the jobs have.</param>
/// <param name="PodsEach">How many pods are on each of them.</param>
/// <param name="MostPods">Sizes with more pods than this are left out.</param>
/// <param name="Jobs">How many short jobs slurmctld gets.</param>
/// <param name="Patience">A peer that would take longer for one hand-over, by what it took for a smaller one, is not measured; with zero, no such peer is.</param>
internal sealed record Settings(
    ApiServerKind Api,
    bool Quick,
    IReadOnlyList<int> Nodes,
    IReadOnlyList<int> PodsEach,
    int MostPods,
    int Jobs,
    TimeSpan Patience
)
{
    /// <summary>One number for the long form and one for the short.</summary>
    public T Of<T>(T full, T quick) => Quick ? quick : full;
}

/// <summary>One thing that is claimed, and how it is measured.</summary>
internal interface IMeasurement
{
    /// <summary>By what name it is chosen.</summary>
    string Name { get; }

    /// <summary>The heading over its result.</summary>
    string Title { get; }

    /// <summary>The API server that it is measured with.</summary>
    ApiServerKind Server(Settings settings) => settings.Api;

    /// <summary>Measures.</summary>
    Task RunAsync(Settings settings, Section section);
}
