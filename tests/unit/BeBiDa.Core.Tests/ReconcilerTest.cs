using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Reconciliation;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>A reconciler with a cluster and a Slurm that a test makes up.</summary>
public abstract class ReconcilerTest
{
    private protected static readonly TimeSpan Budget = TimeSpan.FromSeconds(30);

    private protected FakeTimeProvider Time { get; private set; } = null!;

    private protected FakeCluster Cluster { get; private set; } = null!;

    private protected FakeLedger Ledger { get; private set; } = null!;

    private protected FakeJobs Slurm { get; private set; } = null!;

    [SetUp]
    public void SetUp()
    {
        Time = Clock.New();
        Cluster = new FakeCluster(Time).WithNodes("n1", "n2", "n3");
        Ledger = new FakeLedger(Cluster, Time);
        Slurm = new FakeJobs();
    }

    protected Task HoldAsync(string node, uint job, string of = "c")
    {
        Time.Advance(TimeSpan.FromSeconds(1));
        return Cluster.HoldAsync(Cluster.Directory.ByName(node)!, new Holds.HoldKey(of, job), Time.GetUtcNow(), default);
    }

    protected async Task<ReconcileResult> RepairAsync(BebidaConfiguration? configuration = null)
    {
        await using var handOvers = HandOvers(configuration ?? new());
        return await Time.RunAsync(Reconciler(handOvers, configuration ?? new()).RepairAsync(Budget, default));
    }

    protected HandOvers HandOvers(BebidaConfiguration configuration) => new(Cluster, configuration, Time, NullLogger.Instance);

    protected Reconciler Reconciler(HandOvers handOvers, BebidaConfiguration configuration) =>
        new(Ledger, Slurm, Cluster, handOvers, configuration, Time, NullLogger.Instance);

    protected static string[] Told(ReconcileResult result) => [.. result.Outcomes.Select(o => Told(o.Repair))];

    protected static string Told(Repair repair) => $"{repair.Action} {repair.Node} {repair.Hold.Key.JobId}";

    protected static Pod Pod(string name, string node) =>
        new()
        {
            Namespace = "default",
            Name = name,
            Uid = $"uid-{name}",
            Node = node,
            HasController = true,
        };
}
