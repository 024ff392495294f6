using BeBiDa.Cli.Slurm;
using BeBiDa.Standing;

namespace BeBiDa.Cli;

/// <summary>Changes Slurm's nodes with <c>scontrol update</c>.</summary>
/// <param name="run">How a command is run.</param>
internal sealed class ScontrolChanges(SqueueJobs.Run? run = null) : ISlurmChanges
{
    private readonly SqueueJobs.Run run = run ?? HostCommand.RunAsync;

    /// <inheritdoc/>
    public Task<string?> DrainAsync(IReadOnlyList<string> nodes, string reason, CancellationToken cancellationToken) =>
        UpdateAsync(nodes, ["State=DRAIN", $"Reason={reason}"], cancellationToken);

    /// <inheritdoc/>
    public Task<string?> UndrainAsync(IReadOnlyList<string> nodes, string reason, CancellationToken cancellationToken) =>
        UpdateAsync(nodes, ["State=UNDRAIN", $"Reason={reason}"], cancellationToken);

    private async Task<string?> UpdateAsync(IReadOnlyList<string> nodes, IReadOnlyList<string> change, CancellationToken cancellationToken)
    {
        var answer = await run("scontrol", ["update", $"NodeName={string.Join(',', nodes)}", .. change], cancellationToken)
            .ConfigureAwait(false);
        return answer.Output is null ? answer.Problem : null;
    }
}
