using System.Diagnostics;

namespace BeBiDa.Site.Tests;

/// <summary>Asks slurmctld again and again whether it lives: each answer must come within a second.</summary>
internal sealed class PingWatch : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    private readonly SlurmCluster slurm;
    private readonly CancellationTokenSource stop = new();
    private readonly List<string> bad = [];
    private readonly Task watching;
    private int answers;

    public PingWatch(SlurmCluster slurm)
    {
        this.slurm = slurm;
        watching = Task.Run(WatchAsync);
    }

    /// <summary>Ends the watch and asserts that every answer came in time.</summary>
    public async Task AssertAsync()
    {
        await stop.CancelAsync();
        await watching;
        Assert.That(answers, Is.Positive);
        Assert.That(bad, Is.Empty);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await watching;
        stop.Dispose();
    }

    private async Task WatchAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            var began = Stopwatch.GetTimestamp();
            var ping = await slurm.RunAsync("scontrol", ["ping"]);
            var took = Stopwatch.GetElapsedTime(began);
            answers++;
            if (!ping.StandardOutput.Contains("is UP") || took > Bound)
                bad.Add($"{took.TotalMilliseconds:0} ms: {ping.StandardOutput.Trim()} {ping.StandardError.Trim()}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
        }
    }
}
