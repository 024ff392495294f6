using BeBiDa.Border;
using BeBiDa.Configuration;
using BeBiDa.Jobs;
using BeBiDa.Node.Pods;
using BeBiDa.Node.Services;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Node;

/// <summary>After a job has left this node: Kubernetes gets it back, unless another job is on it.</summary>
internal sealed class Epilog(BebidaConfiguration configuration, NodeState state, Func<IServiceManager> connect, IPodProcesses pods, IJobFinder finder, ILogger logger)
{
    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(1);

    /// <summary>Starts what was stopped.</summary>
    /// <param name="job">The job.</param>
    /// <returns>Why something does not run again, for an admin; null when nothing was asked for or all of it runs.</returns>
    public string? Run(Job job)
    {
        var gone = Gone(job);
        var deadline = new Deadline(configuration.Node.StartTimeout);
        IReadOnlyList<string> stopped;
        using (Lock())
        {
            state.RemoveJob(job.Id);
            foreach (var other in gone)
            {
                logger.LogInformation("job {Job} has left this node without an epilog", other);
                state.RemoveJob(other);
            }
            if (Others(job))
                return null;
            stopped = state.ReadStopped();
            if (configuration.Node.LeftoverPods == LeftoverPods.Freeze)
                pods.Thaw();
        }
        if (stopped.Count == 0)
            return null;

        var problems = new List<string>();
        using var services = connect();
        foreach (var unit in InOrder(stopped))
            if (Start(job, unit, services, deadline, out var another) is { } problem)
                problems.Add(problem);
            else if (another)
                return null;
        return problems.Count == 0 ? null : string.Join("; ", problems);
    }

    // The reverse of the configured one: what an earlier epilog has left is recorded before what this job stopped.
    private IEnumerable<string> InOrder(IReadOnlyList<string> stopped) =>
        stopped.Reverse().OrderByDescending(unit => configuration.Node.Services.ToList().IndexOf(unit));

    // The lock is not held while a service starts: the prolog of the next job must not wait for that, and takes the start
    // back by its stop.
    private string? Start(Job job, string unit, IServiceManager services, Deadline deadline, out bool another)
    {
        UnitJob start;
        using (Lock())
        {
            another = Others(job);
            if (another)
                return null;
            var before = services.Read(unit);
            if (before.IsUp || before.IsMasked || before.IsMissing)
            {
                if (!before.IsUp)
                    logger.LogInformation("job {Job}: {Unit} was stopped for a job and is {Load} now: not started again", job.Id, unit, before.Load);
                state.RemoveStopped(unit);
                return null;
            }
            start = services.Start(unit);
        }

        // What a slow one before it has used up is not this one's fault.
        var result = services.Wait(start, deadline.Left > LeastPatience ? deadline.Left : LeastPatience);
        using (Lock())
        {
            another = Others(job);
            if (another)
                return null;
            var after = services.Read(unit);
            if (after.IsUp)
            {
                state.RemoveStopped(unit);
                logger.LogInformation("job {Job}: {Unit} started", job.Id, unit);
                return null;
            }
            return result is null
                ? $"{unit} has not started within {Duration.Format(configuration.Node.StartTimeout)} ({after.Active}, {after.Sub}); see systemctl status {unit}"
                : $"{unit} does not start: {result} ({after.Active}, {after.Sub}); see journalctl -u {unit}";
        }
    }

    // A job whose epilog never came (slurmd was gone for good) must not keep the node for ever. Without the lock, since
    // slurmctld may take its time.
    private List<uint> Gone(Job job) =>
        [.. state.ReadJobs().Where(other => other != job.Id && finder.Find(other, out _) == Presence.Gone)];

    private bool Others(Job job)
    {
        var others = state.ReadJobs();
        if (others.Count > 0)
            logger.LogInformation("job {Job}: the node stays with Slurm, job {Others} is on it", job.Id, string.Join(", ", others));
        return others.Count > 0;
    }

    private IDisposable Lock() => state.Lock(configuration.Node.StopTimeout + configuration.Node.StartTimeout);
}
