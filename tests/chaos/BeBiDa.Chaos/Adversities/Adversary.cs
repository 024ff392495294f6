using BeBiDa.Chaos.Load;
using BeBiDa.Chaos.Observation;
using BeBiDa.EmbeddedApi.Faults;
using BeBiDa.Lab;

namespace BeBiDa.Chaos.Adversities;

/// <summary>Brings about what the schedule says, one after the other, and mends it.</summary>
public sealed class Adversary(Site.Site site, PluginsWay way, ControllerWatch daemons, Gate gate, JobLoad load, ChaosOptions options)
{
    // What slurmd is away for: longer, and Slurm calls its node down.
    private static readonly TimeSpan LongestWithoutNodeDaemon = TimeSpan.FromSeconds(4);

    // What Kubernetes is away for where that ends with a crash: well below controller.deadline.
    private static readonly TimeSpan LongestOutage = TimeSpan.FromSeconds(20);

    private readonly Crash crash = new(site.Slurm, gate);
    private readonly UnfitNodes unfitNodes = new(site.Slurm);
    private readonly SwitchedOffNodes switchedOff = new(site.Slurm);
    private readonly List<string> problems = [];
    private readonly List<UnfitNode> unfit = [];

    /// <summary>What went wrong when.</summary>
    public Timeline Timeline { get; } = new();

    /// <summary>Daemons that did not stop or start as they were told to.</summary>
    public IReadOnlyList<string> Problems => problems;

    /// <summary>Which nodes were not fit for pods when.</summary>
    public IReadOnlyList<UnfitNode> Unfit => unfit;

    /// <summary>Does all of it.</summary>
    public async Task PerformAsync(IReadOnlyList<Adversity> schedule, CancellationToken stop)
    {
        foreach (var adversity in schedule)
        {
            var began = DateTimeOffset.UtcNow;
            options.Say($"{adversity.Kind}, for {adversity.Lasts.TotalSeconds:0.0} s");
            try
            {
                await PerformAsync(adversity, stop);
            }
            catch (Exception error) when (error is LabException or TimeoutException)
            {
                Problem(began, adversity, error);
                await MendAsync(began, adversity, stop);
            }
            Timeline.Add(new Event(adversity.Kind, new Window(began, DateTimeOffset.UtcNow)));
            await Task.Delay(adversity.Calm, stop);
        }
    }

    private Task PerformAsync(Adversity adversity, CancellationToken stop) =>
        adversity.Kind switch
        {
            AdversityKind.ControllerRestarted => ControllerAsync(kill: false, meanwhile: () => Task.Delay(adversity.Lasts / 6, stop), stop),
            AdversityKind.ControllerKilled => ControllerAsync(kill: true, meanwhile: () => Task.Delay(adversity.Lasts / 6, stop), stop),
            AdversityKind.Reconfigured => site.Slurm.ReconfigureAsync(stop),
            AdversityKind.ControllerKilledInOutage => KilledInOutageAsync(adversity, stop),
            AdversityKind.NodeDaemonKilled => NodeDaemonsAsync(adversity, stop),
            AdversityKind.NodesUnfit => NodesUnfitAsync(adversity, stop),
            AdversityKind.NodesSwitchedOff => SwitchedOffAsync(adversity, stop),
            AdversityKind.ApiRefused => NetworkAsync(ProxyMode.Refusing, adversity.Lasts, stop),
            AdversityKind.ApiSilent => NetworkAsync(ProxyMode.Silent, adversity.Lasts, stop),
            AdversityKind.ApiSlow => SlowAsync(adversity, stop),
            AdversityKind.WatchesCut => CutsAsync(adversity, stop),
            AdversityKind.ApiStopped => ApiStoppedAsync(adversity, stop),
            AdversityKind.ApiErrors => FaultsAsync(
                adversity,
                stop,
                new Fault(FaultKind.Refuse) { StatusCode = 500, Probability = 0.2 },
                new Fault(FaultKind.Refuse)
                {
                    StatusCode = 429,
                    RetryAfter = 1,
                    Probability = 0.15,
                },
                new Fault(FaultKind.Refuse)
                {
                    StatusCode = 409,
                    Verb = "patch",
                    Probability = 0.15,
                }
            ),
            AdversityKind.AnswersLost => FaultsAsync(
                adversity,
                stop,
                new Fault(FaultKind.Drop) { Probability = 0.1 },
                new Fault(FaultKind.DropAnswer) { Probability = 0.15 }
            ),
            AdversityKind.AnswersLate => FaultsAsync(
                adversity,
                stop,
                new Fault(FaultKind.Latency) { Delay = TimeSpan.FromMilliseconds(50), Jitter = TimeSpan.FromMilliseconds(1500) }
            ),
            AdversityKind.ServerCertificateExpired => ServerCertificateAsync(adversity, stop),
            AdversityKind.ClientCertificateRotated => ClientCertificateAsync(adversity, stop),
            AdversityKind.LongOutage => LongOutageAsync(adversity, stop),
            _ => throw new ArgumentOutOfRangeException(nameof(adversity), adversity.Kind, null),
        };

    private async Task ControllerAsync(bool kill, Func<Task> meanwhile, CancellationToken stop)
    {
        await gate.CloseAsync();
        try
        {
            if (kill)
            {
                await crash.NextAsync(daemons.Down, stop);
            }
            else
            {
                daemons.Down();
                await site.Slurm.StopControllerAsync();
            }
            await meanwhile();
            await site.Slurm.StartControllerAsync(stop);
            daemons.Up();
            // No adversity begins before the last has ended: what a crash brings back is over.
            await unfitNodes.EndAsync(stop);
        }
        finally
        {
            gate.Open();
        }
    }

    private async Task KilledInOutageAsync(Adversity adversity, CancellationToken stop)
    {
        way.Proxy.Set(adversity.Seed % 2 == 0 ? ProxyMode.Refusing : ProxyMode.Silent);
        // The moment for a crash may be long in coming, and no job is to wait as long as controller.deadline.
        await using var end = new Timer(_ => way.Proxy.Set(ProxyMode.Open), null, LongestOutage, Timeout.InfiniteTimeSpan);
        try
        {
            // Meanwhile jobs end whose nodes cannot be given back.
            await Task.Delay(adversity.Lasts / 2, stop);
            await ControllerAsync(
                kill: true,
                meanwhile: () =>
                {
                    way.Proxy.Set(ProxyMode.Open);
                    return Task.CompletedTask;
                },
                stop
            );
        }
        finally
        {
            way.Proxy.Set(ProxyMode.Open);
        }
    }

    // Long enough to be seen to be held.
    private async Task NodesUnfitAsync(Adversity adversity, CancellationToken stop)
    {
        var nodes = SomeNodes(adversity);
        await unfitNodes.BeginAsync(
            (adversity.Seed % 3) switch
            {
                0 => "down",
                1 => "fail",
                _ => "maint",
            },
            nodes,
            stop
        );
        await FollowAsync(
            nodes,
            adversity,
            async () =>
            {
                var left = await unfitNodes.LeftAsync(stop);
                return left.Contains(UnfitNodes.Name) ? nodes : left;
            },
            stop
        );
        await unfitNodes.EndAsync(stop);
    }

    // As long as Slurm says that they are unfit: by ReturnToService it may take a node back that answers, or switch one on for a job.
    private async Task FollowAsync(string[] nodes, Adversity adversity, Func<Task<IReadOnlyList<string>>> unfitNow, CancellationToken stop)
    {
        var since = DateTimeOffset.UtcNow;
        var (until, still) = (since + options.UnfitBound + adversity.Lasts, nodes);
        var last = nodes.ToDictionary(node => node, _ => since);
        for (var now = since; now < until && still.Length > 0; now = DateTimeOffset.UtcNow)
        {
            var left = await unfitNow();
            still = [.. still.Where(left.Contains)];
            foreach (var node in still)
                last[node] = now;
            await Task.Delay(TimeSpan.FromMilliseconds(200), stop);
        }
        unfit.AddRange(nodes.Select(node => new UnfitNode(node, new Window(since, last[node]))));
    }

    private async Task SwitchedOffAsync(Adversity adversity, CancellationToken stop)
    {
        var nodes = SomeNodes(adversity);
        await switchedOff.BeginAsync(nodes, stop);
        await FollowAsync(nodes, adversity, () => switchedOff.OffAsync(stop), stop);
        await switchedOff.EndAsync(stop);
    }

    private string[] SomeNodes(Adversity adversity)
    {
        var random = new Random(adversity.Seed);
        var nodes = site.Slurm.Nodes.ToArray();
        random.Shuffle(nodes);
        return nodes[..random.Next(1, 3)];
    }

    private async Task NodeDaemonsAsync(Adversity adversity, CancellationToken stop)
    {
        var nodes = SomeNodes(adversity);
        foreach (var node in nodes)
        {
            daemons.Node(node, isDown: true);
            await site.Slurm.KillNodeDaemonAsync(node, stop);
        }
        await Task.Delay(adversity.Lasts < LongestWithoutNodeDaemon ? adversity.Lasts : LongestWithoutNodeDaemon, stop);
        foreach (var node in nodes)
        {
            site.Slurm.StartNodeDaemon(node);
            daemons.Node(node, isDown: false);
        }
    }

    private async Task NetworkAsync(ProxyMode mode, TimeSpan lasts, CancellationToken stop)
    {
        way.Proxy.Set(mode);
        try
        {
            await Task.Delay(lasts, stop);
        }
        finally
        {
            way.Proxy.Set(ProxyMode.Open);
        }
    }

    private Task SlowAsync(Adversity adversity, CancellationToken stop)
    {
        way.Proxy.Delay = TimeSpan.FromMilliseconds(new Random(adversity.Seed).Next(100, 1000));
        return NetworkAsync(ProxyMode.Slow, adversity.Lasts, stop);
    }

    private async Task CutsAsync(Adversity adversity, CancellationToken stop)
    {
        var random = new Random(adversity.Seed);
        for (var left = adversity.Lasts; left > TimeSpan.Zero; )
        {
            way.Proxy.Cut();
            var pause = TimeSpan.FromMilliseconds(random.Next(100, 1500));
            await Task.Delay(pause, stop);
            left -= pause;
        }
    }

    private async Task ApiStoppedAsync(Adversity adversity, CancellationToken stop)
    {
        await site.EmbeddedApi.StopAsync();
        try
        {
            await Task.Delay(adversity.Lasts, stop);
        }
        finally
        {
            await site.EmbeddedApi.RestartAsync(CancellationToken.None);
        }
    }

    private async Task FaultsAsync(Adversity adversity, CancellationToken stop, params Fault[] faults)
    {
        var on = faults
            .Select((fault, i) => site.EmbeddedApi.Faults.Add(fault with { UserAgent = PluginsWay.UserAgent, Seed = adversity.Seed + i }))
            .ToList();
        try
        {
            await Task.Delay(adversity.Lasts, stop);
        }
        finally
        {
            on.ForEach(fault => fault.Dispose());
        }
    }

    private async Task ServerCertificateAsync(Adversity adversity, CancellationToken stop)
    {
        site.EmbeddedApi.Faults.ExpiredServerCertificate = true;
        try
        {
            way.Proxy.Cut();
            await Task.Delay(adversity.Lasts, stop);
        }
        finally
        {
            site.EmbeddedApi.Faults.ExpiredServerCertificate = false;
        }
    }

    // One that is about to expire; when it has, new connections are needed; and then one that lasts.
    private async Task ClientCertificateAsync(Adversity adversity, CancellationToken stop)
    {
        way.Rotate(adversity.Lasts / 2);
        try
        {
            await Task.Delay(adversity.Lasts * 0.6, stop);
            way.Proxy.Cut();
            await Task.Delay(adversity.Lasts * 0.4, stop);
        }
        finally
        {
            way.Rotate(TimeSpan.FromDays(1));
        }
    }

    // With a job that begins to wait for its node, starts without it, and is still there after it: first in the queue.
    private async Task LongOutageAsync(Adversity adversity, CancellationToken stop)
    {
        var time = adversity.Lasts + TimeSpan.FromSeconds(20);
        var outage = NetworkAsync(ProxyMode.Refusing, adversity.Lasts, stop);
        _ = load.RunAsync(
            new PlannedJob(
                $"chaos-long-{adversity.Seed}",
                Fate.Batch,
                ["-p", SlurmCluster.ExclusivePartition, "-N1", "--nice=-10000"],
                time,
                TimeSpan.Zero
            ),
            stop
        );
        await outage;
    }

    // Whatever state it is in, so that the rest of the schedule is worth doing.
    private async Task MendAsync(DateTimeOffset began, Adversity adversity, CancellationToken stop)
    {
        gate.Open();
        way.Proxy.Set(ProxyMode.Open);
        try
        {
            if (!site.Slurm.Controller.IsRunning)
                await site.Slurm.StartControllerAsync(stop);
            await unfitNodes.EndAsync(stop);
            await switchedOff.EndAsync(stop);
        }
        catch (Exception error) when (error is LabException or TimeoutException)
        {
            Problem(began, adversity, error);
        }
        daemons.Up();
    }

    private void Problem(DateTimeOffset began, Adversity adversity, Exception error)
    {
        problems.Add($"{began:HH:mm:ss.fff} {adversity.Kind}: {error.Message}");
        options.Say(error.Message);
    }
}
