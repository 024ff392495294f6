using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BeBiDa.Abi;
using BeBiDa.Holds;
using BeBiDa.Reconciliation;

namespace BeBiDa.Controller;

/// <summary>The jobs of the slurmctld that we live in.</summary>
internal sealed unsafe class HostJobs : IJobs
{
    // A name that fits holds has at most 52 characters; a longer one is to be seen as such.
    private const int LongestCluster = 256;
    private const int LongestReason = 1024;

    private readonly delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<nint, HostJob*, void>, nint, byte*, uint, byte*, uint, int> jobs;

    /// <summary>Gets ready to ask by bebida_host.jobs.</summary>
    public HostJobs(
        delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<nint, HostJob*, void>, nint, byte*, uint, byte*, uint, int> jobs
    ) => this.jobs = jobs;

    /// <inheritdoc/>
    public Task<JobList> ListAsync(CancellationToken cancellationToken) =>
        // Given up by the caller, a question goes on until it is answered.
        Task.Run(Ask, CancellationToken.None).WaitAsync(cancellationToken);

    private JobList Ask()
    {
        var taken = new Taken();
        var handle = GCHandle.Alloc(taken);
        try
        {
            var cluster = stackalloc byte[LongestCluster];
            var reason = stackalloc byte[LongestReason];
            *cluster = *reason = 0;
            if ((Outcome)jobs(&Take, GCHandle.ToIntPtr(handle), cluster, LongestCluster, reason, LongestReason) != Outcome.Done)
                throw new JobsUnknownException(
                    Marshal.PtrToStringUTF8((nint)reason) is { Length: > 0 } why ? why : "slurmctld did not list its jobs"
                );
            if (taken.Problem is { } problem)
                throw new JobsUnknownException($"cannot read slurmctld's jobs: {problem.Message}", problem);
            var name = Marshal.PtrToStringUTF8((nint)cluster) ?? "";
            _ = new HoldKey(name, 0);
            return new JobList(name, taken.Jobs);
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
    private static void Take(nint context, HostJob* job)
    {
        var taken = (Taken)GCHandle.FromIntPtr(context).Target!;
        try
        {
            taken.Jobs.Add(
                new SlurmJob(
                    job->Id,
                    taken.Users.NameOf(job->UserId),
                    Marshal.PtrToStringUTF8((nint)job->Partition) ?? "",
                    NativeStrings.Read(job->Nodes),
                    job->Leaving != 0
                )
                {
                    Account = Marshal.PtrToStringUTF8((nint)job->Account) ?? "",
                }
            );
        }
        catch (Exception e)
        {
            // No exception may cross into C.
            taken.Problem ??= e;
        }
    }

    private sealed class Taken
    {
        public UserNames Users { get; } = new();

        public List<SlurmJob> Jobs { get; } = [];

        public Exception? Problem { get; set; }
    }
}
