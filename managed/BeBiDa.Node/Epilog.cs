using BeBiDa.Abi;
using BeBiDa.Configuration;
using BeBiDa.Jobs;
using BeBiDa.Node.Pods;
using BeBiDa.Node.Services;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Node;

/// <summary>After a job has left this node: Kubernetes gets it back, unless another job is on it.</summary>
/// <param name="configuration">The timeouts, and the order of the services.</param>
/// <param name="state">What the prologs have left.</param>
/// <param name="connect">Connects to systemd; only where there is something to start.</param>
/// <param name="podsIn">The processes of pods in cgroups of these names.</param>
/// <param name="finder">Asked for other jobs that are noted here.</param>
/// <param name="logger">Slurm's log.</param>
internal sealed class Epilog(
    BebidaConfiguration configuration,
    NodeState state,
    Func<IServiceManager> connect,
    Func<IReadOnlyList<string>, IPodProcesses> podsIn,
    IJobFinder finder,
    ILogger logger
)
{
    /// <summary>Starts what was stopped.</summary>
    /// <param name="job">The job.</param>
    /// <returns>Why something does not run again, for an admin; null when nothing was asked for or all of it runs.</returns>
    public string? Run(Job job)
    {
        using (Lock())
            state.RemoveJob(job.Id);
        return GiveBack($"job {job.Id}");
    }

    /// <summary>Starts what was stopped, unless a job that is noted has the node.</summary>
    /// <param name="who">On whose behalf, for the log.</param>
    /// <returns>As <see cref="Run"/>.</returns>
    public string? GiveBack(string who)
    {
        if (IsTaken(who))
            return null;

        var deadline = new Deadline(configuration.Node.StartTimeout);
        IReadOnlyList<string> stopped;
        using (Lock())
        {
            if (IsTakenAgain(who))
                return null;
            Thaw();
            stopped = state.ReadStopped();
        }
        if (stopped.Count == 0)
            return null;

        var problems = new List<string>();
        using var services = connect();
        foreach (var unit in InOrder(stopped))
            try
            {
                if (Start(who, unit, services, deadline, out var another) is { } problem)
                    problems.Add(problem);
                else if (another)
                    return null;
            }
            catch (ServiceManagerException e)
            {
                problems.Add(e.Message);
            }
        return problems.Count == 0 ? null : string.Join("; ", problems);
    }

    // Thaw what was frozen, even if node.podCgroups has changed since.
    private void Thaw()
    {
        if (state.ReadFrozen() is not { Count: > 0 } frozen)
            return;
        podsIn(frozen).Thaw();
        state.WriteFrozen([]);
    }

    // In reverse of node.services: what an earlier epilog could not start is recorded before what this job stopped.
    private IEnumerable<string> InOrder(IReadOnlyList<string> stopped) =>
        stopped.Reverse().OrderByDescending(unit => configuration.Node.Services.ToList().IndexOf(unit));

    // No lock while a service starts: the prolog of the next job must not wait for it, and its stop cancels the start.
    private string? Start(string who, string unit, IServiceManager services, Deadline deadline, out bool another)
    {
        UnitJob start;
        using (Lock())
        {
            another = IsTakenAgain(who);
            if (another)
                return null;
            var before = services.Read(unit);
            if (before.IsUp || before.IsMasked || before.IsMissing)
            {
                if (!before.IsUp)
                    logger.NotStarted(who, unit, before.Load);
                state.RemoveStopped(unit);
                return null;
            }
            start = services.Start(unit);
        }

        var result = services.Wait(start, deadline.Left);
        using (Lock())
        {
            another = IsTakenAgain(who);
            if (another)
                return null;
            var after = services.Read(unit);
            if (after.IsUp)
            {
                state.RemoveStopped(unit);
                logger.Started(who, unit);
                return null;
            }
            return result switch
            {
                null => Problems.StartTimedOut(unit, after, configuration.Node.StartTimeout),
                "done" => Problems.StartedNotUp(unit, after),
                _ => Problems.StartFailed(unit, after, result),
            };
        }
    }

    // Whether another recorded job is still here. One whose epilog never ran (slurmd was gone) must not keep the node forever;
    // one that was recorded again during the lookup must keep it. slurmctld may be slow, so it is queried without the lock, and
    // only until one job is found.
    private bool IsTaken(string who)
    {
        foreach (var (other, noted) in state.ReadNotes())
        {
            if (finder.Find(other).Presence != Presence.Gone)
            {
                logger.NodeTaken(who, $"{other}");
                return true;
            }
            using (Lock())
                if (state.RemoveJob(other, noted))
                    logger.LeftWithoutEpilog($"{other}");
        }
        return false;
    }

    private bool IsTakenAgain(string who)
    {
        var others = state.ReadJobs();
        if (others.Count > 0)
            logger.NodeTakenAgain(who, string.Join(", ", others));
        return others.Count > 0;
    }

    private IDisposable Lock() => state.Lock(configuration.Node.StopTimeout + configuration.Node.StartTimeout);
}
