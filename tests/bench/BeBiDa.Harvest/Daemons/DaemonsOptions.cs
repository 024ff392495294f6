using System.Text.Json.Serialization;
using BeBiDa.EmbeddedApi;

namespace BeBiDa.Harvest.Daemons;

/// <summary>Who hands the nodes over.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Way>))]
internal enum Way
{
    /// <summary>The plugin, inside slurmctld.</summary>
    Plugin,

    /// <summary>The original's scripts: kubectl, node after node.</summary>
    Scripts,

    /// <summary>Nobody, since nothing is lent: the nodes are cordoned, and there are no pods. What jobs wait without any hand-over.</summary>
    None,
}

/// <summary>What a run on real daemons is made of. All times are the trace's own, before they are compressed.</summary>
internal sealed record DaemonsOptions
{
    /// <summary>How many nodes, each with a slurmd and a kubelet.</summary>
    public int Nodes { get; init; } = 16;

    /// <summary>
    /// What all times are divided by: those of the jobs, of the pods, and of what Slurm, BeBiDa and Kubernetes' scheduler do at
    /// intervals. A hand-over's work is as long as ever, and so weighs as many times as much against idle time.
    /// </summary>
    public double Compress { get; init; } = 10;

    /// <summary>The median of the pods' lengths; they are lognormal, with sigma 1.</summary>
    public TimeSpan Pods { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long before a planned job is expected the plugin holds its nodes (<c>nodes.lead</c>); zero for never.</summary>
    public TimeSpan Lead { get; init; }

    /// <summary>How long the plugin keeps a node for the next job (<c>nodes.linger</c>); zero for never.</summary>
    public TimeSpan Linger { get; init; }

    /// <summary>Who hands the nodes over.</summary>
    public Way Way { get; init; } = Way.Plugin;

    /// <summary>What the pods' lengths are drawn from.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>How many pods a node takes at once.</summary>
    public int Slots { get; init; } = 2;

    /// <summary>What a pod takes from its node's allotment until it works.</summary>
    public TimeSpan PodStart { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>What a pod takes to end once it is told to.</summary>
    public TimeSpan PodEnd { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The share of a pod's length after which its work is kept, each time: what came since is lost when it is cut.</summary>
    public double Step { get; init; } = 0.1;

    /// <summary>How long is looked where there are no jobs.</summary>
    public TimeSpan WithoutJobs { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Which API server.</summary>
    public ApiServerKind Api { get; init; } = TestServers.All.Last();

    /// <summary>A time as long as it is in the run.</summary>
    public TimeSpan Compressed(TimeSpan time) => time / Compress;

    /// <summary>An interval as slurm.conf and bebida.yaml have it: whole seconds, at least one.</summary>
    public int Interval(double seconds) => Math.Max(1, (int)Math.Round(seconds / Compress));
}
