using BeBiDa.Lab;

namespace BeBiDa.Chaos.Adversities;

/// <summary>What Slurm itself leaves when a daemon of its own is killed, mended as an admin mends it.</summary>
/// <remarks>
/// Killed between a node's prolog and the word that it has ended, the job's steps wait for that word in vain. Then slurmd gives
/// up, slurmctld drains the node ("Prolog error") and requeues the job as held (validate_node_specs() in node_mgr.c). The
/// site of the chaos run has no plugin of ours on its nodes, so this cannot be ours.
/// And slurmctld counts the jobs that are completing on each node. Should the count not come back to zero, the node stays
/// COMPLETING without a job, and gets no other. It counts anew as it reads its configuration. A hook of ours that does not
/// end keeps its job COMPLETING too, so that is not taken for this.
/// </remarks>
internal sealed class SlurmLeftovers(SlurmCluster slurm)
{
    private const string Drained = "Prolog error";
    private static readonly TimeSpan Miscounted = TimeSpan.FromSeconds(20);

    private readonly Lock guard = new();
    private readonly List<string> mended = [];
    private readonly Dictionary<string, DateTimeOffset> completing = [];

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
        var nodes = (await AskAsync("sinfo", ["-h", "-N", "-p", SlurmCluster.SharedPartition, "-o", "%N|%E|%T"], stop)).ToList();
        foreach (var node in nodes)
            if (node is [var name, Drained, _] && await DoneAsync(["update", $"nodename={name}", "state=resume"], stop))
                Add($"node {name} was drained");
        await CountAnewAsync([.. from node in nodes where node is [_, _, "completing"] select node[0]], stop);
        // A priority of 0 is what holds a job; none of the load's asks for it.
        foreach (var job in await AskAsync("squeue", ["-h", "--array", "-t", "PENDING", "-o", "%A|%Q"], stop))
            if (job is [var number, "0"] && await DoneAsync(["release", number], stop))
                Add($"job {number} was held");
    }

    private async Task CountAnewAsync(IReadOnlyList<string> now, CancellationToken stop)
    {
        foreach (var other in completing.Keys.Except(now).ToList())
            completing.Remove(other);
        foreach (var node in now)
        {
            // Neither completing nor running there.
            if ((await slurm.RunAsync("squeue", ["-h", "-w", node], stop)) is not { ExitCode: 0, StandardOutput: "" })
                completing.Remove(node);
            else if (completing.TryAdd(node, DateTimeOffset.UtcNow) || DateTimeOffset.UtcNow - completing[node] < Miscounted)
                continue;
            else if (await DoneAsync(["reconfigure"], stop))
            {
                Add($"node {node} was COMPLETING without a job; slurmctld had said of it: {Said(node)}");
                completing.Remove(node);
            }
        }
    }

    private string Said(string node) =>
        string.Join("; ", slurm.Controller.ReadLog().Split('\n').Where(line => line.Contains(node, StringComparison.Ordinal)).TakeLast(20));

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
