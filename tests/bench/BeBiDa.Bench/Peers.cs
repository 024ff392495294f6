using System.Diagnostics;

namespace BeBiDa.Bench;

/// <summary>What one hand-over took, in seconds.</summary>
/// <param name="Take">Until the nodes were held and the requests to evict were answered; ours until the pods were gone, too.</param>
/// <param name="Gone">Until no pod was left.</param>
/// <param name="Give">Until all nodes were back.</param>
/// <param name="Processor">The processor time that each program had until no pod was left.</param>
internal sealed record HandOverTimes(double Take, double Gone, double Give, IReadOnlyDictionary<string, double> Processor);

/// <summary>Someone who hands nodes over.</summary>
internal abstract class Peer(LentCluster cluster)
{
    /// <summary>Its name in the table.</summary>
    public abstract string Name { get; }

    /// <summary>Whether large jobs take so long that they are not waited for.</summary>
    public virtual bool TakesItsTime => false;

    protected LentCluster Cluster { get; } = cluster;

    /// <summary>Takes nodes and gives them back.</summary>
    public async Task<HandOverTimes> HandOverAsync(int job, IReadOnlyList<string> nodes, IReadOnlyList<(string Space, string Name)> pods)
    {
        var before = ProcessorTimes.Read();
        var began = Stopwatch.GetTimestamp();
        var take = await TakeAsync(job, nodes, pods);
        if (pods.Count > 0)
            await Cluster.EmptyAsync();
        var gone = pods.Count > 0 ? Stopwatch.GetElapsedTime(began).TotalSeconds : take;
        var processor = ProcessorTimes.Read().Since(before);
        // What follows in the background, Events and the API server's own work, is no part of what comes next.
        await Task.Delay(TimeSpan.FromMilliseconds(300 + 3 * nodes.Count));
        return new HandOverTimes(take, Math.Max(take, gone), await GiveAsync(job, nodes), processor);
    }

    protected abstract Task<double> TakeAsync(int job, IReadOnlyList<string> nodes, IReadOnlyList<(string Space, string Name)> pods);

    protected abstract Task<double> GiveAsync(int job, IReadOnlyList<string> nodes);

    protected static async Task<double> TimeAsync(Func<Task> work)
    {
        var began = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}

/// <summary>The library that lives in slurmctld.</summary>
internal sealed class Ours(LentCluster cluster) : Peer(cluster)
{
    public override string Name => "BeBiDa";

    protected override Task<double> TakeAsync(int job, IReadOnlyList<string> nodes, IReadOnlyList<(string Space, string Name)> pods) =>
        InProcess.DecommissionAsync(job, nodes);

    protected override Task<double> GiveAsync(int job, IReadOnlyList<string> nodes) => InProcess.RecommissionAsync(job, nodes);
}

/// <summary>h2load with the same requests.</summary>
internal sealed class Generated(LentCluster cluster) : Peer(cluster)
{
    private readonly LoadGenerator generator = new(cluster);

    public override string Name => "h2load";

    protected override async Task<double> TakeAsync(
        int job,
        IReadOnlyList<string> nodes,
        IReadOnlyList<(string Space, string Name)> pods
    ) => await generator.HoldAsync(job, nodes) + await generator.EvictAsync(pods);

    protected override Task<double> GiveAsync(int job, IReadOnlyList<string> nodes) => generator.ReleaseAsync(job, nodes);
}

/// <summary>One kubectl for all nodes.</summary>
internal sealed class OneKubectl(LentCluster cluster) : Peer(cluster)
{
    public override string Name => "one kubectl";

    public override bool TakesItsTime => true;

    protected override Task<double> TakeAsync(int job, IReadOnlyList<string> nodes, IReadOnlyList<(string Space, string Name)> pods) =>
        TimeAsync(() => Cluster.Kubectl.RunAsync(["drain", .. nodes, .. Scripted.DrainOptions]));

    protected override Task<double> GiveAsync(int job, IReadOnlyList<string> nodes) =>
        TimeAsync(() => Cluster.Kubectl.RunAsync(["uncordon", .. nodes]));
}

/// <summary>The scripts that the plugin replaces: a kubectl for each node, one after the other.</summary>
internal sealed class Scripted(LentCluster cluster) : Peer(cluster)
{
    public static readonly string[] DrainOptions = ["--force", "--ignore-daemonsets", "--delete-emptydir-data", "--grace-period=5"];

    public override string Name => "scripts";

    public override bool TakesItsTime => true;

    protected override Task<double> TakeAsync(int job, IReadOnlyList<string> nodes, IReadOnlyList<(string Space, string Name)> pods) =>
        EachAsync(nodes, node => ["drain", node, .. DrainOptions]);

    protected override Task<double> GiveAsync(int job, IReadOnlyList<string> nodes) => EachAsync(nodes, node => ["uncordon", node]);

    private Task<double> EachAsync(IReadOnlyList<string> nodes, Func<string, string[]> arguments) =>
        TimeAsync(async () =>
        {
            foreach (var node in nodes)
                await Cluster.Kubectl.RunAsync(arguments(node));
        });
}
