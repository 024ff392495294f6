using BeBiDa.Lab;

namespace BeBiDa.Chaos.Observation;

/// <summary>What Slurm itself says of what is not done, for who has waited for it in vain.</summary>
public static class SlurmQueue
{
    /// <summary>The jobs that are not over: number, name, state, why, and where.</summary>
    public static Task<IReadOnlyList<string>> JobsAsync(SlurmCluster slurm, CancellationToken stop) =>
        AskAsync(slurm, "squeue", ["-h", "-r", "-o", "job %A %j is %T (%r) on %N"], stop);

    /// <summary>The nodes that are not idle: name, state, and why.</summary>
    public static async Task<IReadOnlyList<string>> UnfreeNodesAsync(SlurmCluster slurm, CancellationToken stop) =>
        [
            .. (await AskAsync(slurm, "sinfo", ["-h", "-N", "-p", SlurmCluster.SharedPartition, "-o", "%N %T %E"], stop)).Where(line =>
                line.Split(' ') is not [_, "idle", ..]
            ),
        ];

    // A slurmctld that does not answer is an answer too.
    private static async Task<IReadOnlyList<string>> AskAsync(SlurmCluster slurm, string command, string[] words, CancellationToken stop)
    {
        var told = await slurm.RunAsync(command, words, stop);
        return told.ExitCode == 0
            ? told.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : [$"{command} failed: {told.StandardError.Trim()}"];
    }
}
