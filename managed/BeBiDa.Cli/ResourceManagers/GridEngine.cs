using System.Globalization;
using BeBiDa.Jobs;

namespace BeBiDa.Cli.ResourceManagers;

/// <summary>Grid Engine's prolog and epilog, which sge_shepherd runs on the job's first node.</summary>
/// <remarks>
/// The arguments are those that its configuration lists: <c>$job_id $ja_task_id $job_owner $queue $host</c> (sge_conf(5)),
/// which are Grid Engine's own words, where variables are also the user's. A parallel job's nodes are in the file that
/// PE_HOSTFILE names (sge_pe(5)); for any other job that variable is the user's too, so packaging/gridengine/bebida-hook
/// finds the file by itself.
/// </remarks>
internal sealed class GridEngine() : ResourceManager("gridengine", "Grid Engine")
{
    // sge_shepherd(8): of a prolog or an epilog. Any other code but 0 takes the queue out of service on this node.
    private const int Requeue = 99;
    private const int JobInError = 100;

    /// <inheritdoc/>
    public override async Task<Job> ReadAsync(HookCall call, CancellationToken cancellationToken)
    {
        const string How = "the arguments must be $job_id $ja_task_id $job_owner $queue $host (prolog and epilog in sge_conf(5))";
        if (call.Arguments.Count < 5 && (call.Job is null || call.Nodes is null))
            throw new FormatException($"{call.Arguments.Count} arguments: {How}");
        var job = call.Number(call.Argument(1), How);
        // 0 is no array.
        if (call.Job is null && uint.TryParse(call.Argument(2), NumberStyles.None, CultureInfo.InvariantCulture, out var task) && task > 0)
            job = job with { Task = task };
        var nodes = await call.NodesAsync(
                () => call.Variable("PE_HOSTFILE") is { Length: > 0 } file ? HookCall.NodesIn(file) : [call.Argument(5)],
                cancellationToken
            )
            .ConfigureAwait(false);
        return call.Describe(this, job, nodes, name: call.Variable("JOB_NAME"), user: call.Argument(3), queue: call.Argument(4));
    }

    /// <summary>
    /// A job that may not start goes back into the queue; one that cannot be understood waits in its error state (E) until
    /// an admin has cleared it (qmod -cj). An epilog never fails: the job would run again, or the queue be out of service.
    /// </summary>
    public override int ExitCodeOf(HookFailure failure, HookCall call) =>
        (call.IsProlog, failure) switch
        {
            (false, _) => ExitCode.Done,
            (true, HookFailure.NotHandedOver) => Requeue,
            _ => JobInError,
        };
}
