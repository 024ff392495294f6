using System.Diagnostics;

namespace BeBiDa.Site.Tests;

/// <summary>
/// Asks slurmctld again and again whether it lives, and at the same moment an idle one without the plugin. Both wait for the
/// same processors: what keeps slurmctld alone from answering is ours.
/// </summary>
internal sealed class PingWatch : IAsyncDisposable
{
    // Shorter than the shortest controller.deadline here: for so long a hook that blocks would keep slurmctld from answering.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    private readonly SlurmCluster slurm;
    private readonly CancellationTokenSource stop = new();
    private readonly List<(TimeSpan Took, string Answer)> answers = [];
    private readonly Task watching;
    private TimeSpan slowestOfIdle;

    public PingWatch(SlurmCluster slurm)
    {
        this.slurm = slurm;
        watching = Task.Run(WatchAsync);
    }

    /// <summary>Ends the watch and asserts that slurmctld answered every time, and no later than an idle one may.</summary>
    public async Task AssertAsync()
    {
        await stop.CancelAsync();
        await watching;
        Assert.That(answers, Is.Not.Empty);
        Assert.That(
            answers
                .Where(a => !a.Answer.Contains("is UP") || a.Took > Bound + (2 * slowestOfIdle))
                .Select(a => $"{a.Took.TotalMilliseconds:0} ms, an idle one {slowestOfIdle.TotalMilliseconds:0} ms at most: {a.Answer}"),
            Is.Empty
        );
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await watching;
        stop.Dispose();
    }

    private async Task WatchAsync()
    {
        var idle = await Bystander.SlurmAsync();
        while (!stop.IsCancellationRequested)
        {
            var beside = PingAsync(idle);
            answers.Add(await PingAsync(slurm));
            var (took, _) = await beside;
            slowestOfIdle = took > slowestOfIdle ? took : slowestOfIdle;
            await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
        }
    }

    private static async Task<(TimeSpan Took, string Answer)> PingAsync(SlurmCluster cluster)
    {
        var began = Stopwatch.GetTimestamp();
        var ping = await cluster.RunAsync("scontrol", ["ping"]);
        return (Stopwatch.GetElapsedTime(began), $"{ping.StandardOutput.Trim()} {ping.StandardError.Trim()}");
    }
}
