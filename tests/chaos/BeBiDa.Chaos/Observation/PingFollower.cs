using System.Diagnostics;
using BeBiDa.Lab;

namespace BeBiDa.Chaos.Observation;

/// <summary>
/// Asks slurmctld whether it lives, while it is meant to; and at the same moment another one, which is idle and has no
/// plugin. Where that one is slow too, the machine is, and nothing can be said.
/// </summary>
public sealed class PingFollower : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly SlurmCluster slurm;
    private readonly ControllerWatch controller;
    private readonly SlurmCluster bystander;
    private readonly TimeSpan bound;
    private readonly List<string> slow = [];
    private readonly Background background;

    public PingFollower(SlurmCluster slurm, ControllerWatch controller, SlurmCluster bystander, TimeSpan bound)
    {
        this.bound = bound;
        this.slurm = slurm;
        this.bystander = bystander;
        this.controller = controller;
        background = new Background(AskAsync);
    }

    /// <summary>How many answers there were.</summary>
    public int Answers { get; private set; }

    /// <summary>The longest that slurmctld took.</summary>
    public TimeSpan Worst { get; private set; }

    /// <summary>The longest that the other one took.</summary>
    public TimeSpan WorstOfBystander { get; private set; }

    /// <summary>How many late answers say nothing, since the idle slurmctld took more than half of the bound too.</summary>
    public int Inconclusive { get; private set; }

    /// <summary>Answers that were late or none.</summary>
    public IReadOnlyList<string> Slow
    {
        get
        {
            lock (slow)
                return [.. slow];
        }
    }

    public ValueTask DisposeAsync() => background.DisposeAsync();

    private async Task AskAsync(CancellationToken stop)
    {
        var when = DateTimeOffset.UtcNow;
        var era = controller.Era;
        if (era is not null)
        {
            var beside = TimedAsync(bystander, stop);
            var (took, result) = await TimedAsync(slurm, stop);
            var (reference, _) = await beside;
            // Only if it was meant to be up all the while.
            if (controller.Era == era)
            {
                Answers++;
                Worst = took > Worst ? took : Worst;
                WorstOfBystander = reference > WorstOfBystander ? reference : WorstOfBystander;
                var late = took > bound;
                if (late && reference > bound / 2)
                    Inconclusive++;
                else if (late || !result.StandardOutput.Contains("is UP", StringComparison.Ordinal))
                    lock (slow)
                        slow.Add(
                            $"{when:HH:mm:ss.fff}: {took.TotalMilliseconds:0} ms, an idle slurmctld {reference.TotalMilliseconds:0} ms: {result.StandardOutput.Trim()} {result.StandardError.Trim()}"
                        );
            }
        }
        await Task.Delay(Pause, stop);
    }

    private static async Task<(TimeSpan Took, CommandResult Result)> TimedAsync(SlurmCluster cluster, CancellationToken stop)
    {
        var began = Stopwatch.GetTimestamp();
        var result = await cluster.RunAsync("scontrol", ["ping"], stop);
        return (Stopwatch.GetElapsedTime(began), result);
    }
}
