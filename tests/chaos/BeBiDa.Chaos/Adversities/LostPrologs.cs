using BeBiDa.Lab;

namespace BeBiDa.Chaos.Adversities;

/// <summary>
/// What Slurm itself leaves when a daemon of its own is killed between a node's prolog and the word that it has ended: the
/// job's steps wait for that word in vain. Then slurmd gives up, slurmctld drains the node ("Prolog error") and requeues the
/// job as held (validate_node_specs() in node_mgr.c). An admin resumes the one and releases the other, and so does this.
/// </summary>
/// <remarks>The site of the chaos run has no plugin of ours on its nodes, so none of it can be ours.</remarks>
internal sealed class LostPrologs(SlurmCluster slurm)
{
    private const string Drained = "Prolog error";

    private readonly Lock guard = new();
    private readonly List<string> mended = [];

    /// <summary>What was mended.</summary>
    public IReadOnlyList<string> Mended
    {
        get
        {
            lock (guard)
                return [.. mended];
        }
    }

    /// <summary>Mends what there is now.</summary>
    public async Task MendAsync(CancellationToken stop)
    {
        foreach (var node in await AskAsync("sinfo", ["-h", "-N", "-p", SlurmCluster.SharedPartition, "-o", "%N|%E"], stop))
            if (node is [var name, Drained] && await DoneAsync(["update", $"nodename={name}", "state=resume"], stop))
                Add($"node {name} was drained");
        // A priority of 0 is what holds a job; none of the load's asks for it.
        foreach (var job in await AskAsync("squeue", ["-h", "--array", "-t", "PENDING", "-o", "%A|%Q"], stop))
            if (job is [var number, "0"] && await DoneAsync(["release", number], stop))
                Add($"job {number} was held");
    }

    private void Add(string what)
    {
        lock (guard)
            mended.Add(what);
    }

    private async Task<IEnumerable<string[]>> AskAsync(string command, string[] words, CancellationToken stop)
    {
        var told = await slurm.RunAsync(command, words, stop);
        return told.ExitCode == 0
            ? told.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('|'))
            : [];
    }

    private async Task<bool> DoneAsync(string[] words, CancellationToken stop) =>
        (await slurm.RunAsync("scontrol", words, stop)).ExitCode == 0;
}
