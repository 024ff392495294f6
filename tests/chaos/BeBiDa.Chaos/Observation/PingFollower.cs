using System.Diagnostics;
using BeBiDa.Lab;

namespace BeBiDa.Chaos.Observation;

/// <summary>
/// Asks slurmctld whether it lives, while it is meant to. Beside each question the same program is started for something
/// that asks nobody: what both take longer for is the machine's doing.
/// </summary>
public sealed class PingFollower : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly SlurmCluster slurm;
    private readonly ControllerWatch controller;
    private readonly List<string> slow = [];
    private readonly Background background;

    public PingFollower(SlurmCluster slurm, ControllerWatch controller)
    {
        this.slurm = slurm;
        this.controller = controller;
        background = new Background(AskAsync);
    }

    /// <summary>How many answers there were.</summary>
    public int Answers { get; private set; }

    /// <summary>The longest that slurmctld took.</summary>
    public TimeSpan Worst { get; private set; }

    /// <summary>The longest that the program took to ask nobody.</summary>
    public TimeSpan WorstAlone { get; private set; }

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
            var alone = TimedAsync("--version", stop);
            var (took, result) = await TimedAsync("ping", stop);
            var (nobody, _) = await alone;
            // Only if it was meant to be up all the while.
            if (controller.Era == era)
            {
                Answers++;
                Worst = took > Worst ? took : Worst;
                WorstAlone = nobody > WorstAlone ? nobody : WorstAlone;
                if (!result.StandardOutput.Contains("is UP", StringComparison.Ordinal) || took - nobody > Bound)
                    lock (slow)
                        slow.Add($"{when:HH:mm:ss.fff}: {took.TotalMilliseconds:0} ms, of which without asking {nobody.TotalMilliseconds:0} ms: {result.StandardOutput.Trim()} {result.StandardError.Trim()}");
            }
        }
        await Task.Delay(Pause, stop);
    }

    private async Task<(TimeSpan Took, CommandResult Result)> TimedAsync(string argument, CancellationToken stop)
    {
        var began = Stopwatch.GetTimestamp();
        var result = await slurm.RunAsync("scontrol", [argument], stop);
        return (Stopwatch.GetElapsedTime(began), result);
    }
}
