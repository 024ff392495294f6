using BeBiDa.Jobs;

namespace BeBiDa.Cli.ResourceManagers;

/// <summary>Torque's and PBS' prologue and epilogue, which pbs_mom runs as root on the job's first node.</summary>
/// <remarks>
/// Arguments (Torque Administrator Guide, "Script Environment"): job id, user, group, job name; then of a prologue
/// resources, queue, account, script, hosts; of an epilogue session, resources, resources used, queue, account, exit code.
/// The nodes are those of the file that PBS_NODEFILE names; where a release does not set it, of the hosts argument, else of
/// <c>../aux/ID</c>, which is that file seen from mom_priv, where the scripts run.
/// </remarks>
internal sealed class Torque() : ResourceManager("torque", "Torque")
{
    // Any exit code of a prologue but 0 and 1 puts the job back into the queue; 1 ends it ("Prologue Error Processing").
    private const int Requeue = 2;

    /// <inheritdoc/>
    public override async Task<Job> ReadAsync(HookCall call, CancellationToken cancellationToken)
    {
        var id = call.Argument(1);
        var number = Number(call, id);
        var nodes = await call.NodesAsync(() => Nodes(call, id), cancellationToken).ConfigureAwait(false);
        return call.Describe(
            this,
            number,
            nodes,
            name: call.Argument(4),
            user: call.Argument(2),
            queue: call.Argument(call.IsProlog ? 6 : 8)
        );
    }

    /// <summary>A prologue that fails has the job requeued; what an epilogue exits with is only logged.</summary>
    public override int ExitCodeOf(HookFailure failure, HookCall call) =>
        call.IsProlog || failure == HookFailure.WrongUse ? Requeue : ExitCode.Failed;

    // 123.server.example.org, or 123[7].server.example.org for a task of an array.
    private static JobNumber Number(HookCall call, string id)
    {
        var number = id.Split('.', 2)[0];
        if (
            number.EndsWith(']')
            && number.Split('[', 2) is [var job, var task]
            && Holds.HoldKey.TryParseJob($"{job}_{task[..^1]}", out var parent, out var index)
        )
            return call.Job ?? new JobNumber(parent, index);
        return call.Number(
            number,
            "the first argument must be Torque's job id (123.server); run this as prologue or epilogue, with \"$@\""
        );
    }

    private static IReadOnlyList<string> Nodes(HookCall call, string id)
    {
        if (call.Variable("PBS_NODEFILE") is { Length: > 0 } file)
            return HookCall.NodesIn(file);
        if (call.IsProlog && call.Argument(9) is { Length: > 0 } hosts)
            return
            [
                .. hosts
                    .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                    .Distinct(StringComparer.Ordinal),
            ];
        return HookCall.NodesIn(Path.Combine("..", "aux", Path.GetFileName(id)));
    }
}
