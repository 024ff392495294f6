using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BeBiDa.Abi;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;

namespace BeBiDa.Controller;

/// <summary>The nodes that power saving of the slurmctld that we live in leaves on.</summary>
/// <param name="host">What it lends.</param>
internal sealed unsafe class HostNodesKeptOn(ControllerHost host) : INodesKeptOn
{
    // As for HostJobs.
    private const int LongestReason = 1024;

    /// <inheritdoc/>
    public Task<IReadOnlySet<string>> ReadAsync(CancellationToken cancellationToken) =>
        // Given up by the caller, a question goes on until it is answered.
        Task.Run(Read, CancellationToken.None).WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public Task AddAsync(IReadOnlyCollection<string> nodes, CancellationToken cancellationToken) =>
        Task.Run(() => Change(nodes, keep: true), CancellationToken.None).WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public Task RemoveAsync(IReadOnlyCollection<string> nodes, CancellationToken cancellationToken) =>
        Task.Run(() => Change(nodes, keep: false), CancellationToken.None).WaitAsync(cancellationToken);

    private IReadOnlySet<string> Read()
    {
        var names = new List<string>();
        var handle = GCHandle.Alloc(names);
        try
        {
            var reason = stackalloc byte[LongestReason];
            *reason = 0;
            Check(host.NodesKeptOn(&Take, GCHandle.ToIntPtr(handle), reason, LongestReason), reason);
            return names.ToHashSet(StringComparer.Ordinal);
        }
        finally
        {
            handle.Free();
        }
    }

    private void Change(IReadOnlyCollection<string> nodes, bool keep)
    {
        var list = Marshal.StringToCoTaskMemUTF8(string.Join(',', nodes));
        try
        {
            var reason = stackalloc byte[LongestReason];
            *reason = 0;
            Check(host.KeepNodesOn((byte*)list, keep ? 1 : 0, reason, LongestReason), reason);
        }
        finally
        {
            Marshal.FreeCoTaskMem(list);
        }
    }

    private static void Check(int outcome, byte* reason)
    {
        if ((Outcome)outcome != Outcome.Done)
            throw new JobsUnknownException(Marshal.PtrToStringUTF8((nint)reason) ?? "");
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Take(nint context, byte* node)
    {
        try
        {
            ((List<string>)GCHandle.FromIntPtr(context).Target!).Add(Marshal.PtrToStringUTF8((nint)node) ?? "");
        }
        catch (OutOfMemoryException)
        {
            // No exception may cross into C. The node is added again, which changes nothing.
        }
    }
}
