using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.HandOver;
using BeBiDa.Jobs;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>Jobs at random, requests that fail or whose answers are lost, a slurmctld that is killed, and another process that reconciles.</summary>
public sealed class LingeringRaceSpecs
{
    private const int Steps = 60;
    private static readonly string[] Nodes = ["n1", "n2"];
    private static readonly BebidaConfiguration Configuration = new()
    {
        Nodes = new NodesConfiguration { Linger = TimeSpan.FromSeconds(20) },
    };

    private FakeTimeProvider clock = null!;
    private FakeCluster cluster = null!;
    private FakeLedger ledger = null!;
    private FakeJobs slurm = null!;
    private Random random = null!;
    private int passed;
    private Plugin plugin = null!;

    // The jobs that run, with their nodes: their decommission has been done.
    private readonly Dictionary<uint, string> running = [];
    private readonly List<string> history = [];

    [Test]
    public async Task No_job_that_runs_is_on_a_node_of_Kubernetes_and_no_hold_is_left([Range(1, 60)] int seed)
    {
        clock = Clock.New();
        cluster = new FakeCluster(clock).WithNodes(Nodes);
        ledger = new FakeLedger(cluster, clock);
        slurm = new FakeJobs();
        random = new Random(seed);
        running.Clear();
        history.Clear();
        passed = 0;
        cluster.After = what =>
        {
            Look(what);
            if (random.Next(30) == 0)
                throw new ClusterException(ClusterFault.Unavailable, "the answer is lost");
        };
        plugin = new Plugin(this);
        uint job = 0;
        for (var step = 0; step < Steps; step++)
        {
            await StepAsync(random.Next(12) is var what && what < 6 ? ++job : 0, what);
            Look($"step {step}");
        }
        foreach (var ended in running.Keys.ToList())
            await EndAsync(ended);
        cluster.After = null;
        for (var minute = 0; minute < 3; minute++)
        {
            await PassAsync(60);
            await plugin.ReconcileAsync();
        }
        await plugin.DisposeAsync();
        Assert.That(ledger.State, Is.Empty, string.Join("; ", history));
    }

    private async Task StepAsync(uint job, int what)
    {
        switch (what)
        {
            case < 6:
                await StartAsync(job, Nodes[random.Next(Nodes.Length)]);
                if (random.Next(4) > 0)
                    await EndAsync(job);
                break;
            case < 8 when running.Count > 0:
                await EndAsync(running.Keys.ElementAt(random.Next(running.Count)));
                break;
            case < 10:
                await PassAsync(random.Next(1, 40));
                break;
            case 10:
                history.Add("killed");
                await plugin.DisposeAsync();
                plugin = new Plugin(this);
                break;
            default:
                // Another host, whose clock is not the same.
                history.Add("reconciled elsewhere");
                var elsewhere = new Skewed(clock, TimeSpan.FromSeconds(random.Next(-9, 10)));
                await using (var other = new Plugin(this, elsewhere))
                    await Task.WhenAll(
                        other.ReconcileAsync(),
                        plugin.LookAsync(),
                        random.Next(2) == 0 ? plugin.ReconcileAsync() : Task.CompletedTask
                    );
                break;
        }
    }

    private async Task StartAsync(uint job, string node)
    {
        history.Add($"{job} starts on {node}");
        slurm.Runs(job, node);
        var taken = await clock.RunAsync(plugin.HandOvers.DecommissionAsync(Job(job, node), TimeSpan.FromSeconds(29)));
        Assert.That(taken.Succeeded);
        running[job] = node;
        // Some seconds, or some time.
        await PassAsync(random.Next(4) == 0 ? random.Next(20, 90) : random.Next(3));
    }

    private async Task EndAsync(uint job)
    {
        history.Add($"{job} ends");
        running.Remove(job, out var node);
        slurm.Ends(job);
        await clock.RunAsync(plugin.HandOvers.RecommissionAsync(Job(job, node!), TimeSpan.FromSeconds(29)));
        await PassAsync(random.Next(2));
    }

    private async Task PassAsync(int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await plugin.LookAsync();
            if (++passed % 10 == 0)
                await plugin.ReconcileAsync();
        }
    }

    private void Look(string when)
    {
        lock (running)
            foreach (var (job, node) in running)
                if (!cluster.Held.ContainsKey(node))
                    Assert.Fail($"{when}: job {job} runs on {node}, which is Kubernetes': {string.Join("; ", history)}");
    }

    private static Job Job(uint job, string node) => new("c", job, "sim", "alice", "batch", [node]);

    /// <summary>What lives in slurmctld, or, with a clock of its own, what bebidactl reconcile is.</summary>
    private sealed class Plugin : IAsyncDisposable
    {
        private readonly LingeringRaceSpecs test;
        private readonly Lingering? lingering;
        private readonly StandingHolds standing;
        private readonly Reconciler reconciler;

        public Plugin(LingeringRaceSpecs test, TimeProvider? elsewhere = null)
        {
            this.test = test;
            var (cluster, ledger, log) = (test.cluster, test.ledger, NullLogger.Instance);
            var time = elsewhere ?? test.clock;
            lingering = elsewhere is null ? new Lingering(cluster, Configuration, time, log) : null;
            HandOvers = new HandOvers(cluster, Configuration, time, log, lingering: lingering);
            standing = new StandingHolds(cluster, ledger, new FakeConditions(), Configuration, time, log, lingering: lingering);
            reconciler = new Reconciler(
                ledger,
                test.slurm,
                cluster,
                HandOvers,
                Configuration,
                time,
                log,
                standing: standing,
                lingering: lingering
            );
        }

        public HandOvers HandOvers { get; }

        public Task LookAsync() => test.clock.RunAsync(lingering!.LookAsync(default));

        public Task ReconcileAsync() => test.clock.RunAsync(reconciler.RepairAsync(TimeSpan.FromSeconds(10), default));

        public async ValueTask DisposeAsync()
        {
            await HandOvers.DisposeAsync();
            await standing.DisposeAsync();
            if (lingering is not null)
                await lingering.DisposeAsync();
        }
    }

    private sealed class Skewed(TimeProvider time, TimeSpan by) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + by;

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            time.CreateTimer(callback, state, dueTime, period);
    }
}
