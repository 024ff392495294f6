using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BeBiDa.Abi;
using BeBiDa.Cluster;
using BeBiDa.Jobs;

namespace BeBiDa.Controller;

/// <summary>Asks the slurmctld that we live in which nodes an ended job has not left.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "It lives as long as slurmctld.")]
internal sealed class HostPresence : IJobPresence
{
    private readonly SemaphoreSlim asking = new(RequestLimits.SlurmQueries);
    private readonly unsafe delegate* unmanaged[Cdecl]<uint, delegate* unmanaged[Cdecl]<nint, byte*, void>, nint, int> presence;

    /// <summary>Gets ready to ask by bebida_host.presence.</summary>
    public unsafe HostPresence(delegate* unmanaged[Cdecl]<uint, delegate* unmanaged[Cdecl]<nint, byte*, void>, nint, int> presence) =>
        this.presence = presence;

    /// <summary>Called before nodes count as left by a job that lost one: that one may have to be held for another reason.</summary>
    public Func<CancellationToken, Task>? NodeLost { get; set; }

    /// <inheritdoc/>
    public async Task<IReadOnlyCollection<string>> OccupiedNodesAsync(Job job, CancellationToken cancellationToken)
    {
        await asking.WaitAsync(cancellationToken).ConfigureAwait(false);
        // Given up by the caller, a question goes on until it is answered, and counts until then.
        var (occupied, lostNode) = await Task.Run(() => Ask(job), CancellationToken.None)
            .WaitAsync(cancellationToken)
            .ConfigureAwait(false);
        if (lostNode && NodeLost is { } nodeLost)
            await nodeLost(cancellationToken).ConfigureAwait(false);
        return occupied;
    }

    private unsafe (IReadOnlyCollection<string> Occupied, bool LostNode) Ask(Job job)
    {
        var nodes = new List<string>();
        var handle = GCHandle.Alloc(nodes);
        try
        {
            var answer = (Presence)presence(job.Id, &Take, GCHandle.ToIntPtr(handle));
            return (
                (answer & ~Presence.LostNode) switch
                {
                    Presence.Gone => [],
                    Presence.Present => nodes,
                    _ => job.Nodes,
                },
                answer.HasFlag(Presence.LostNode)
            );
        }
        finally
        {
            handle.Free();
            asking.Release();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void Take(nint context, byte* node)
    {
        try
        {
            ((List<string>)GCHandle.FromIntPtr(context).Target!).Add(Marshal.PtrToStringUTF8((nint)node) ?? "");
        }
        catch (OutOfMemoryException)
        {
            // No exception may cross into C. The node counts as left a moment early; its prolog holds the next job back.
        }
    }
}
