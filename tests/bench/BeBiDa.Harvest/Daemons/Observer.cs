using System.Globalization;
using BeBiDa.Lab;
using k8s;
using k8s.Models;

namespace BeBiDa.Harvest.Daemons;

/// <summary>Looks each second at Slurm's nodes and at Kubernetes' nodes and pods, and at nothing of BeBiDa's.</summary>
internal sealed class Observer(LendingSite site, PodWatch pods)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly List<Seen> _seen = [];

    /// <summary>Looks until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(s_interval);
        do
        {
            site.EnsureAllRun();
            var look = await LookAsync(stop);
            lock (_seen)
                _seen.Add(look);
        } while (await timer.WaitForNextTickAsync(stop));
    }

    /// <summary>The looks from a moment on, whose moments count from there, and the one before, which speaks for that moment too.</summary>
    public IReadOnlyList<Look> Looks(DateTimeOffset origin)
    {
        var shift = origin - pods.Origin;
        lock (_seen)
            return
            [
                .. _seen
                    .Skip(Math.Max(0, _seen.FindLastIndex(look => look.Asked <= shift)))
                    .Select(look => new Look(look.Asked - shift, look.Answered - shift, look.Nodes)),
            ];
    }

    /// <summary>The mean load average, and the shares of the processors' time that we used, and that all used, since a moment.</summary>
    public (double MeanLoad, double Own, double Busy) Load(DateTimeOffset origin)
    {
        var shift = origin - pods.Origin;
        lock (_seen)
        {
            var since = _seen.Where(look => look.Asked >= shift).ToList();
            if (since.Count < 2)
                return (0, 0, 0);
            var (first, last) = (since[0].Processors, since[^1].Processors);
            var all = (double)Math.Max(1, last.All - first.All);
            return (since.Average(look => look.Load), (last.Own - first.Own) / all, (last.Busy - first.Busy) / all);
        }
    }

    private async Task<Seen> LookAsync(CancellationToken stop)
    {
        var asked = DateTimeOffset.UtcNow - pods.Origin;
        var sinfo = site.Slurm.RunAsync("sinfo", Sinfo.Arguments(SlurmCluster.ExclusivePartition), stop);
        // From the API server's own cache, as watches are: as fresh, and cheap.
        var nodes = site.Client.CoreV1.ListNodeAsync(resourceVersion: "0", cancellationToken: stop);
        var list = site.Client.CoreV1.ListPodForAllNamespacesAsync(resourceVersion: "0", cancellationToken: stop);
        var states = Sinfo.Parse((await sinfo).EnsureSucceeded().StandardOutput);
        var lent = (await nodes).Items.Where(IsLent).Select(node => node.Name()).ToHashSet();
        var running = (await list).Items.Where(pod => pod.Status?.Phase == "Running").CountBy(pod => pod.Spec.NodeName).ToDictionary();
        var answered = DateTimeOffset.UtcNow - pods.Origin;
        return new Seen(
            asked,
            answered,
            states.ToDictionary(
                state => state.Key,
                state => new NodeLook(state.Value, lent.Contains(state.Key), running.GetValueOrDefault(state.Key))
            ),
            double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture),
            ProcessorTime.Now()
        );
    }

    private static bool IsLent(V1Node node) =>
        node.Spec?.Unschedulable != true
        && node.Spec?.Taints?.Any(taint => taint.Effect is "NoSchedule" or "NoExecute") != true
        && node.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;

    private sealed record Seen(
        TimeSpan Asked,
        TimeSpan Answered,
        IReadOnlyDictionary<string, NodeLook> Nodes,
        double Load,
        ProcessorTime Processors
    );
}
