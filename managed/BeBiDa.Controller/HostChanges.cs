using System.Runtime.InteropServices;
using System.Text;
using BeBiDa.Abi;
using BeBiDa.Logs;
using BeBiDa.Standing;

namespace BeBiDa.Controller;

/// <summary>Changes nodes of the slurmctld that we live in.</summary>
/// <param name="host">What it lends.</param>
internal sealed unsafe class HostChanges(ControllerHost host) : ISlurmChanges
{
    // As for HostConditions.
    private const int LongestReason = 1024;

    /// <inheritdoc/>
    public Task<string?> DrainAsync(IReadOnlyList<string> nodes, string reason, CancellationToken cancellationToken) =>
        ChangeAsync(nodes, NodeChange.Drain, reason, cancellationToken);

    /// <inheritdoc/>
    public Task<string?> UndrainAsync(IReadOnlyList<string> nodes, string reason, CancellationToken cancellationToken) =>
        ChangeAsync(nodes, NodeChange.Undrain, reason, cancellationToken);

    // Given up by the caller, a request goes on until it is answered.
    private Task<string?> ChangeAsync(
        IReadOnlyList<string> nodes,
        NodeChange change,
        string because,
        CancellationToken cancellationToken
    ) => Task.Run(() => Change(nodes, change, because), CancellationToken.None).WaitAsync(cancellationToken);

    private string? Change(IReadOnlyList<string> nodes, NodeChange change, string because)
    {
        var reason = stackalloc byte[LongestReason];
        *reason = 0;
        fixed (
            byte* names = Native(string.Join(',', nodes)),
                text = Native(because)
        )
        {
            if ((Outcome)host.ChangeNodes(names, (int)change, text, reason, LongestReason) == Outcome.Done)
                return null;
        }
        return Marshal.PtrToStringUTF8((nint)reason) is { Length: > 0 } why ? LogLine.OnOneLine(why) : "slurmctld did not change them";
    }

    private static byte[] Native(string text) => Encoding.UTF8.GetBytes(text + '\0');
}
