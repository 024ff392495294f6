using BeBiDa.Jobs;

namespace BeBiDa.Cli.ResourceManagers;

/// <summary>Any other resource manager: its hooks say job and nodes themselves (<c>--job ID --nodes LIST</c>).</summary>
internal sealed class AnyOther() : ResourceManager("other", "Batch")
{
    /// <inheritdoc/>
    public override async Task<Job> ReadAsync(HookCall call, CancellationToken cancellationToken)
    {
        if (call.Job is not { } number || call.Nodes is null || call.Arguments.Count > 0)
            throw new FormatException("--manager other takes --job ID and --nodes LIST, and no arguments");
        return call.Describe(this, number, await call.NodesAsync(() => [], cancellationToken).ConfigureAwait(false));
    }

    /// <summary>As everywhere in bebidactl: 1 failed, 2 wrong usage or configuration.</summary>
    public override int ExitCodeOf(HookFailure failure, HookCall call) =>
        failure == HookFailure.WrongUse ? ExitCode.Usage : ExitCode.Failed;
}
