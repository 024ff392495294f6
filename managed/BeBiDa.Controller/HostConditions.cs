using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BeBiDa.Abi;
using BeBiDa.Holds;
using BeBiDa.Logs;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;

namespace BeBiDa.Controller;

/// <summary>The nodes and reservations of the slurmctld that we live in.</summary>
/// <param name="host">What it lends.</param>
internal sealed unsafe class HostConditions(ControllerHost host) : ISlurmConditions
{
    // As for HostJobs.
    private const int LongestCluster = 256;
    private const int LongestReason = 1024;

    // One question at a time: each begins where the last one ended.
    private readonly Lock turn = new();
    private HostLook look;
    private SlurmConditions? last;

    /// <inheritdoc/>
    public Task<SlurmConditions> ReadAsync(CancellationToken cancellationToken) =>
        // Given up by the caller, a question goes on until it is answered.
        Task.Run(AskInTurn, CancellationToken.None).WaitAsync(cancellationToken);

    private SlurmConditions AskInTurn()
    {
        lock (turn)
            return last = Ask();
    }

    private SlurmConditions Ask()
    {
        var taken = new Taken();
        var handle = GCHandle.Alloc(taken);
        try
        {
            var cluster = stackalloc byte[LongestCluster];
            var reason = stackalloc byte[LongestReason];
            *cluster = *reason = 0;
            var next = look;
            var outcome = (Outcome)
                host.Conditions(
                    &next,
                    &TakeNode,
                    &TakeReservation,
                    GCHandle.ToIntPtr(handle),
                    cluster,
                    LongestCluster,
                    reason,
                    LongestReason
                );
            if (outcome != Outcome.Done)
                throw new JobsUnknownException(
                    Marshal.PtrToStringUTF8((nint)reason) is { Length: > 0 } why ? why : "slurmctld did not list its nodes"
                );
            if (taken.Problem is { } problem)
                throw new JobsUnknownException($"cannot read slurmctld's nodes: {problem.Message}", problem);
            if (next.Unchanged != 0 && last is not null)
                return last;
            var name = Marshal.PtrToStringUTF8((nint)cluster) ?? "";
            _ = new HoldKey(name, 0);
            // Only now: what could not be taken is asked for again.
            look = next;
            return new SlurmConditions(name, taken.Nodes, taken.Maintenance) { Reservations = taken.Reservations };
        }
        catch (FormatException e)
        {
            throw new JobsUnknownException(e.Message, e);
        }
        finally
        {
            handle.Free();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void TakeNode(nint context, HostNode* node)
    {
        var taken = (Taken)GCHandle.FromIntPtr(context).Target!;
        try
        {
            taken.Nodes.Add(
                new SlurmNode(
                    Marshal.PtrToStringUTF8((nint)node->Name) ?? "",
                    (NodeConditions)node->Conditions,
                    LogLine.OnOneLine(Marshal.PtrToStringUTF8((nint)node->Reason) ?? "")
                )
            );
        }
        catch (Exception e)
        {
            // No exception may cross into C.
            taken.Problem ??= e;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void TakeReservation(nint context, HostReservation* reservation)
    {
        var taken = (Taken)GCHandle.FromIntPtr(context).Target!;
        try
        {
            (reservation->Maintenance != 0 ? taken.Maintenance : taken.Reservations).Add(
                new Reservation(
                    Marshal.PtrToStringUTF8((nint)reservation->Name) ?? "",
                    DateTimeOffset.FromUnixTimeSeconds(reservation->Begin),
                    DateTimeOffset.FromUnixTimeSeconds(reservation->End),
                    NativeStrings.Read(reservation->Nodes)
                )
            );
        }
        catch (Exception e)
        {
            taken.Problem ??= e;
        }
    }

    private sealed class Taken
    {
        public List<SlurmNode> Nodes { get; } = [];

        public List<Reservation> Maintenance { get; } = [];

        public List<Reservation> Reservations { get; } = [];

        public Exception? Problem { get; set; }
    }
}
