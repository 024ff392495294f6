using System.Collections.Concurrent;
using System.Diagnostics;
using BeBiDa.Lab;
using BeBiDa.Libraries.Tests;

namespace BeBiDa.Bench;

/// <summary>Hand-overs by libbebida_controller.so in this process, over the calls that slurmctld's plugin makes.</summary>
internal sealed class InProcess
{
    private static readonly ConcurrentDictionary<ulong, TaskCompletionSource<(int Outcome, long When)>> Waiting = new();
    private static ulong requests;

    static InProcess() =>
        Library.Answered += (request, outcome) =>
        {
            if (Waiting.TryRemove(request, out var waiting))
                waiting.SetResult((outcome, Stopwatch.GetTimestamp()));
        };

    /// <summary>Takes nodes from Kubernetes.</summary>
    /// <returns>The seconds until the answer.</returns>
    public static Task<double> DecommissionAsync(int job, IReadOnlyList<string> nodes) => HandOverAsync(0, job, nodes);

    /// <summary>Gives them back.</summary>
    /// <inheritdoc cref="DecommissionAsync"/>
    public static Task<double> RecommissionAsync(int job, IReadOnlyList<string> nodes) => HandOverAsync(1, job, nodes);

    private static async Task<double> HandOverAsync(int direction, int job, IReadOnlyList<string> nodes)
    {
        var request = Interlocked.Increment(ref requests);
        var waiting = Waiting[request] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var names = nodes.ToArray();
        string[] environment = [$"SLURM_JOB_ID={job}", "SLURM_CLUSTER_NAME=bench", "SLURM_JOB_NAME=bench", "SLURM_JOB_PARTITION=bench"];
        var began = Stopwatch.GetTimestamp();
        var accepted = Library.HandOver(request, direction, environment, names, 600_000);
        if (accepted != 0)
            throw new LabException($"the hand-over was not accepted: {accepted}");
        var (outcome, when) = await waiting.Task;
        return outcome == 0
            ? Stopwatch.GetElapsedTime(began, when).TotalSeconds
            : throw new LabException($"the hand-over failed: {string.Join("; ", Library.Log.TakeLast(3).Select(l => l.Line))}");
    }
}
