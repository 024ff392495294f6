using System.Globalization;
using BeBiDa.Lab;

namespace BeBiDa.Chaos.Observation;

/// <summary>Asks squeue again and again.</summary>
public sealed class JobFollower : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(120);

    private readonly SlurmCluster slurm;
    private readonly Dictionary<string, IReadOnlyList<string>> expanded = new() { [""] = [] };
    private readonly Background background;

    public JobFollower(SlurmCluster slurm)
    {
        this.slurm = slurm;
        background = new Background(AskAsync);
    }

    /// <summary>What was seen.</summary>
    public JobHistory History { get; } = new();

    /// <summary>When the last answer came.</summary>
    public DateTimeOffset LastAnswer { get; private set; }

    public ValueTask DisposeAsync() => background.DisposeAsync();

    private async Task AskAsync(CancellationToken stop)
    {
        var asked = DateTimeOffset.UtcNow;
        // %j is last: it is what users choose.
        var squeue = await slurm.RunAsync("squeue", ["-h", "-r", "-t", "all", "-o", "%A|%K|%T|%S|%N|%j"], stop);
        var answered = DateTimeOffset.UtcNow;
        if (squeue.ExitCode == 0)
        {
            var rows = new List<JobRow>();
            foreach (var line in squeue.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var field = line.Split('|', 6);
                rows.Add(
                    new JobRow(
                        int.Parse(field[0], CultureInfo.InvariantCulture),
                        field[1],
                        field[5],
                        JobStates.Parse(field[2]),
                        field[3],
                        await ExpandAsync(field[4], stop)
                    )
                );
            }
            History.Answered(asked, answered, rows);
            LastAnswer = answered;
        }
        await Task.Delay(Pause, stop);
    }

    private async Task<IReadOnlyList<string>> ExpandAsync(string list, CancellationToken stop)
    {
        if (!expanded.TryGetValue(list, out var nodes))
        {
            var names = (await slurm.RunAsync("scontrol", ["show", "hostnames", list], stop)).EnsureSucceeded();
            expanded[list] = nodes = names.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        return nodes;
    }
}
