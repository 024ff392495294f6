using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BeBiDa.Abi;
using BeBiDa.Planning;
using BeBiDa.Reconciliation;

namespace BeBiDa.Controller;

/// <summary>The plans of the slurmctld that we live in.</summary>
internal sealed unsafe class HostPlans : ISlurmPlans
{
    // As for HostJobs.
    private const int LongestReason = 1024;

    // The year 2100. slurmctld's own times may be nonsense after its clock was.
    private const long LatestTime = 4_102_444_800;

    private readonly delegate* unmanaged[Cdecl]<
        delegate* unmanaged[Cdecl]<nint, HostPlan*, void>,
        nint,
        HostBackfill*,
        byte*,
        uint,
        int> plans;

    /// <summary>Gets ready to ask by bebida_host.plans.</summary>
    public HostPlans(
        delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<nint, HostPlan*, void>, nint, HostBackfill*, byte*, uint, int> plans
    ) => this.plans = plans;

    /// <inheritdoc/>
    public Task<Schedule> ReadAsync(CancellationToken cancellationToken) =>
        // Given up by the caller, a question goes on until it is answered.
        Task.Run(Ask, CancellationToken.None).WaitAsync(cancellationToken);

    private Schedule Ask()
    {
        var taken = new Taken();
        var handle = GCHandle.Alloc(taken);
        try
        {
            var backfill = default(HostBackfill);
            var reason = stackalloc byte[LongestReason];
            *reason = 0;
            if ((Outcome)plans(&Take, GCHandle.ToIntPtr(handle), &backfill, reason, LongestReason) != Outcome.Done)
                throw new JobsUnknownException(
                    Marshal.PtrToStringUTF8((nint)reason) is { Length: > 0 } why ? why : "slurmctld did not list its pending jobs"
                );
            return taken.Problem is { } problem
                ? throw new JobsUnknownException($"cannot read slurmctld's plans: {problem.Message}", problem)
                : new Schedule(taken.Jobs, TimeSpan.FromSeconds(backfill.Interval))
                {
                    Window = TimeSpan.FromSeconds(backfill.Window),
                    Running = taken.Running,
                    Ended = taken.Ended,
                };
        }
        finally
        {
            handle.Free();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Take(nint context, HostPlan* plan)
    {
        var taken = (Taken)GCHandle.FromIntPtr(context).Target!;
        try
        {
            if (plan->Stage != (uint)Stage.Waits)
            {
                taken.Add(plan);
                return;
            }
            var hasStart = plan->Start is > 0 and <= LatestTime;
            var reservation = Marshal.PtrToStringUTF8((nint)plan->Reservation) ?? "";
            // Of most pending jobs, only that they are pending is of interest.
            taken.Jobs.Add(
                !hasStart && reservation.Length == 0
                    ? new PendingJob(plan->JobId)
                    : new PendingJob(plan->JobId)
                    {
                        UserId = plan->UserId,
                        Limit = TimeSpan.FromSeconds(plan->Limit),
                        User = taken.Users.NameOf(plan->UserId),
                        Account = Marshal.PtrToStringUTF8((nint)plan->Account) ?? "",
                        Partitions = (Marshal.PtrToStringUTF8((nint)plan->Partitions) ?? "").Split(','),
                        Reservation = reservation,
                        NodeCount = (int)plan->NodeCount,
                        Start = hasStart ? DateTimeOffset.FromUnixTimeSeconds(plan->Start) : null,
                        Nodes = NativeStrings.Read(plan->Nodes),
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

        public List<PendingJob> Jobs { get; } = [];

        public List<RunningJob> Running { get; } = [];

        public List<EndedJob> Ended { get; } = [];

        public Exception? Problem { get; set; }

        /// <summary>Takes in a job that is not pending; one with times that cannot be tells nothing.</summary>
        public void Add(HostPlan* job)
        {
            if (job->Start is < 0 or > LatestTime || job->End is < 0 or > LatestTime)
                return;
            var (end, limit) = (DateTimeOffset.FromUnixTimeSeconds(job->End), TimeSpan.FromSeconds(job->Limit));
            if (job->Stage == (uint)Stage.Ended && job->Limit > 0)
                Ended.Add(new EndedJob(job->JobId, job->UserId, end, TimeSpan.FromSeconds(job->End - job->Start), limit));
            else if (job->Stage == (uint)Stage.Runs)
                // After it was suspended, its limit ends later.
                Running.Add(
                    new RunningJob(
                        job->UserId,
                        job->Limit > 0 ? end - limit : DateTimeOffset.FromUnixTimeSeconds(job->Start),
                        limit,
                        NativeStrings.Read(job->Nodes)
                    )
                );
        }
    }
}
