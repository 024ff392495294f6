using BeBiDa.Abi;
using BeBiDa.Configuration;
using BeBiDa.Jobs;
using BeBiDa.Node.Pods;
using BeBiDa.Node.Services;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Node;

/// <summary>After a job has left this node: Kubernetes gets it back, unless another job is on it, or is likely to come.</summary>
/// <param name="configuration">The timeouts, the order of the services, and for how long the next job may come.</param>
/// <param name="state">What the prologs have left.</param>
/// <param name="connect">Connects to systemd; only where there is something to start.</param>
/// <param name="podsIn">The processes of pods in cgroups of these names.</param>
/// <param name="finder">Asked for other jobs that are noted here.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Slurm's log.</param>
internal sealed class Epilog(
    BebidaConfiguration configuration,
    NodeState state,
    Func<IServiceManager> connect,
    Func<IReadOnlyList<string>, IPodProcesses> podsIn,
    IJobFinder finder,
    TimeProvider time,
    ILogger logger
)
{
    // What ends the time that a node is kept: without them, it is not kept.
    private const string Watch = "bebida-linger.path";
    private const string Wait = "bebida-recover.service";

    /// <summary>The longest time that a node is kept for the next job, whatever nodes.linger says.</summary>
    /// <remarks>
    /// In Kubernetes, slurmctld's plugin may release the node before (a pod stayed, slurmctld was restarted), and pods are then bound
    /// to a node without kubelet. A node whose kubelet was there before is NotReady after 40 s (--node-monitor-grace-period of
    /// kube-controller-manager; 50 s from 1.32 on), and gets none.
    /// </remarks>
    public static TimeSpan LongestLinger { get; } = TimeSpan.FromSeconds(30);

    /// <summary>Starts what was stopped, or leaves it to the end of the linger.</summary>
    /// <param name="job">The job.</param>
    /// <returns>Why something does not run again, for an admin; null when nothing was asked for or all of it runs.</returns>
    public string? Run(Job job)
    {
        bool wasHere;
        using (Lock())
            wasHere = state.RemoveJob(job.Id);
        var linger = configuration.Nodes.Linger < LongestLinger ? configuration.Nodes.Linger : LongestLinger;
        return GiveBack($"job {job.Id}", wasHere ? linger : TimeSpan.Zero);
    }

    /// <summary>Starts what was stopped, unless a job that is noted has the node.</summary>
    /// <param name="who">On whose behalf, for the log.</param>
    /// <param name="linger">How long the node is to be kept for the next job; zero or less for not at all.</param>
    /// <returns>As <see cref="Run"/>.</returns>
    public string? GiveBack(string who, TimeSpan linger)
    {
        if (IsTaken(who))
            return null;

        var deadline = new Deadline(configuration.Node.StartTimeout);
        IReadOnlyList<string> stopped;
        using (Lock())
        {
            if (IsTakenAgain(who))
                return null;
            stopped = state.ReadStopped();
            if (linger > TimeSpan.Zero && stopped.Count > 0 && Keep(who, linger))
                return null;
            state.WriteLinger(null);
            Thaw();
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

    // kubelet and the runtime stay down, and what is frozen stays so: the next job has nothing to stop.
    private bool Keep(string who, TimeSpan linger)
    {
        try
        {
            using var services = connect();
            var units = services.Read([Watch, Wait]);
            // One that has failed may fail again; and what it failed to start is told here, as without nodes.linger.
            if (!units[Watch].IsUp || units[Wait] is not { Load: "loaded", Active: not "failed" })
            {
                logger.NotWatched(who, units[Watch].IsUp ? Wait : Watch);
                return false;
            }
            state.WriteLinger(time.GetUtcNow() + linger);
            logger.Kept(who, Duration.Format(linger));
            return true;
        }
        catch (Exception e) when (e is ServiceManagerException or IOException)
        {
            logger.NotKept(who, e.Message);
            return false;
        }
    }

    /// <summary>Whether a time until which the node is kept lies ahead. A clock that was set back makes it no longer.</summary>
    /// <param name="left">How long it still is kept.</param>
    public bool IsKept(out TimeSpan left)
    {
        left = (state.ReadLinger() ?? DateTimeOffset.MinValue) - time.GetUtcNow();
        return left > TimeSpan.Zero && left <= LongestLinger;
    }

    /// <summary>Ends the time that the node is kept, unless it is another one by now.</summary>
    /// <returns>Whether it has.</returns>
    public bool EndKeeping(DateTimeOffset end)
    {
        using (Lock())
        {
            if (state.ReadLinger() != end)
                return false;
            state.WriteLinger(null);
            return true;
        }
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
        return others.Count > 0 || IsKept(out _);
    }

    private IDisposable Lock() => state.Lock(configuration.Node.StopTimeout + configuration.Node.StartTimeout);
}
