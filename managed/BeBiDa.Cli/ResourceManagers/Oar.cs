using BeBiDa.Jobs;

namespace BeBiDa.Cli.ResourceManagers;

/// <summary>OAR's prologue and epilogue: those of the job's first node, and those of the server.</summary>
/// <remarks>
/// oarexec gives a node's hooks (PROLOGUE_EXEC_FILE) the job's number, its user and a file with the nodes, one line for
/// each resource; the server's (SERVER_PROLOGUE_EXEC_FILE) get the number alone, so <c>--nodes</c> has to tell the rest
/// (oar.conf; the placeholders in /etc/oar; packaging/oar).
/// </remarks>
internal sealed class Oar() : ResourceManager("oar", "OAR")
{
    /// <inheritdoc/>
    public override async Task<Job> ReadAsync(HookCall call, CancellationToken cancellationToken)
    {
        var number = call.Number(
            call.Argument(1),
            "the first argument must be OAR's job id; run this as prologue or epilogue, with \"$@\""
        );
        var nodes = await call.NodesAsync(
                () =>
                    call.Argument(3) is { Length: > 0 } file
                        ? HookCall.NodesIn(file)
                        : throw new FormatException(
                            "OAR's server hooks get no node file; pass --nodes, from oarstat -fj ID (assigned_hostnames)"
                        ),
                cancellationToken
            )
            .ConfigureAwait(false);
        return call.Describe(this, number, nodes, user: call.Argument(2));
    }

    /// <summary>
    /// A node's prologue that fails has its node suspected and the job submitted again. One of the server stops all of
    /// OAR's queues, and so does its epilogue: these never fail.
    /// </summary>
    public override int ExitCodeOf(HookFailure failure, HookCall call) =>
        call.IsProlog && call.Argument(3).Length > 0 && failure == HookFailure.NotHandedOver ? ExitCode.Failed : ExitCode.Done;
}
