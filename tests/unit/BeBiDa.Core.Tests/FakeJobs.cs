using BeBiDa.Reconciliation;

namespace BeBiDa.Tests;

/// <summary>A Slurm whose jobs a test makes up.</summary>
internal sealed class FakeJobs : IJobs
{
    private readonly Dictionary<uint, SlurmJob> jobs = [];

    /// <summary>Called before the n-th question is answered; what it throws is the answer.</summary>
    public Func<int, Task>? Before { get; set; }

    public int Questions { get; private set; }

    public void Runs(uint job, params string[] nodes) => jobs[job] = new SlurmJob(job, "alice", "batch", nodes);

    public void Runs(uint job, bool leaving, params string[] nodes) => jobs[job] = new SlurmJob(job, "alice", "batch", nodes, leaving);

    public void RunsOf(string user, uint job, params string[] nodes) => jobs[job] = new SlurmJob(job, user, "batch", nodes);

    public void RunsFor(string account, uint job, params string[] nodes) =>
        jobs[job] = new SlurmJob(job, "alice", "batch", nodes) { Account = account };

    public void Ends(uint job) => jobs.Remove(job);

    public async Task<JobList> ListAsync(CancellationToken cancellationToken)
    {
        Questions++;
        if (Before is { } before)
            await before(Questions);
        return new JobList("c", [.. jobs.Values]);
    }
}
