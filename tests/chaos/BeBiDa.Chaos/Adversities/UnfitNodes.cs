using BeBiDa.Lab;

namespace BeBiDa.Chaos.Adversities;

/// <summary>Makes nodes DOWN or FAIL, or puts them in a maintenance reservation; and fit again.</summary>
/// <remarks>
/// slurmctld writes its nodes and reservations down after its jobs, and not at once. Killed before that, it knows again a state
/// that was over, and jobs wait for such a node for ever. So what ends is asked for until Slurm says it, also after a crash.
/// </remarks>
public sealed class UnfitNodes(SlurmCluster slurm)
{
    /// <summary>The reason that the nodes have, and the reservation's name.</summary>
    public const string Name = "chaos";

    private static readonly string[] States = ["down", "drain", "fail"];

    /// <summary>Makes nodes unfit.</summary>
    /// <param name="state">down, fail, or maint.</param>
    /// <param name="nodes">The nodes.</param>
    /// <param name="stop">Ends it.</param>
    public async Task BeginAsync(string state, IEnumerable<string> nodes, CancellationToken stop)
    {
        var list = string.Join(',', nodes);
        string[] words =
            state == "maint"
                ?
                [
                    "create",
                    "reservation",
                    $"ReservationName={Name}",
                    "StartTime=now",
                    "Duration=60",
                    $"Nodes={list}",
                    "Flags=MAINT,IGNORE_JOBS",
                    "Users=root",
                ]
                : ["update", $"NodeName={list}", $"State={state}", $"Reason={Name}"];
        (await slurm.RunAsync("scontrol", words, stop)).EnsureSucceeded();
    }

    /// <summary>Makes all of them fit again; returns when Slurm says that they are.</summary>
    /// <exception cref="TimeoutException">It does not.</exception>
    public async Task EndAsync(CancellationToken stop)
    {
        IReadOnlyList<string> left = [];
        await Eventually.HoldsAsync(
            "Slurm calls every node fit again",
            Eventually.Patience,
            async cancel =>
            {
                try
                {
                    left = await LeftAsync(cancel);
                }
                catch (LabException silent)
                {
                    // It may have started just now.
                    left = [silent.Message];
                    return false;
                }
                foreach (var one in left)
                    await slurm.RunAsync(
                        "scontrol",
                        one == Name ? ["delete", $"ReservationName={one}"] : ["update", $"NodeName={one}", "State=resume"],
                        cancel
                    );
                return left.Count == 0;
            },
            stop,
            () => $"There are still: {string.Join(", ", left)}."
        );
    }

    /// <summary>The nodes that Slurm calls unfit because of this, and the reservation.</summary>
    /// <exception cref="LabException">slurmctld does not say.</exception>
    public async Task<IReadOnlyList<string>> LeftAsync(CancellationToken stop)
    {
        var nodes = await AskAsync("sinfo", ["-h", "-N", "-p", SlurmCluster.SharedPartition, "-o", "%N|%T|%E"], stop);
        var reservations = await AskAsync("scontrol", ["-o", "show", "reservations"], stop);
        return
        [
            .. nodes
                .Select(line => line.Split('|', 3))
                .Where(node => node[2] == Name && States.Any(node[1].StartsWith))
                .Select(node => node[0]),
            .. reservations.Where(line => line.StartsWith($"ReservationName={Name} ", StringComparison.Ordinal)).Select(_ => Name),
        ];
    }

    private async Task<string[]> AskAsync(string command, string[] words, CancellationToken stop) =>
        (await slurm.RunAsync(command, words, stop)).EnsureSucceeded().StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
