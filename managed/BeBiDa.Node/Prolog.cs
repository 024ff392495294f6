using BeBiDa.Configuration;
using BeBiDa.Jobs;
using BeBiDa.Node.Pods;
using BeBiDa.Node.Services;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Node;

/// <summary>Before a job starts on this node: nothing of Kubernetes is left on it.</summary>
internal sealed class Prolog(BebidaConfiguration configuration, NodeState state, IServiceManager services, IPodProcesses pods, ILogger logger)
{
    /// <summary>Stops the services and ends the pods.</summary>
    /// <param name="job">The job.</param>
    /// <param name="notice">What its user is told; empty for nothing.</param>
    /// <param name="surroundings">What whoever gives the node back without an epilog needs of slurmd's environment.</param>
    /// <returns>Why the node is not free, for an admin; null when it is.</returns>
    public string? Run(Job job, string notice, IReadOnlyDictionary<string, string> surroundings)
    {
        // Whoever has the lock is stopping or starting something, within its own limits.
        using var exclusive = state.Lock(configuration.Node.StopTimeout + configuration.Node.StartTimeout);
        state.AddJob(job.Id, notice);
        state.WriteSurroundings(surroundings);
        var deadline = new Deadline(configuration.Node.StopTimeout);
        var units = configuration.Node.Services;
        // Once more after each round, for what was started meanwhile.
        while (services.Read(units) is var states && states.Values.Any(unit => !unit.IsDown))
        {
            if (StopAll(job, units, deadline) is { } problem)
                return problem;
            if (deadline.IsOver && services.Read(units).FirstOrDefault(unit => !unit.Value.IsDown) is { Key: { } again })
                return $"{again} is started again and again while it is stopped; see journalctl -u {again}, then resume the node";
        }
        return EndPods(job, deadline);
    }

    private string? StopAll(Job job, IReadOnlyList<string> units, Deadline deadline)
    {
        for (var i = 0; i < units.Count; i++)
        {
            if (Stop(job, units[i], deadline) is { } problem)
                return problem;
            // With kubelet gone nobody starts them again, and a runtime that is still up cleans up after its containers.
            if (i == 0 && EndPods(job, deadline) is { } left)
                return left;
        }
        return null;
    }

    private string? Stop(Job job, string unit, Deadline deadline)
    {
        var before = services.Read(unit);
        if (before.IsDown)
        {
            if (before.IsMissing)
                logger.LogDebug("job {Job}: {Unit} is not installed here (node.services)", job.Id, unit);
            return null;
        }
        // What an admin is stopping at this moment is not ours to start again.
        if (!before.IsStopping)
            state.AddStopped(unit);
        var result = services.Wait(services.Stop(unit), deadline.Left);
        var after = services.Read(unit);
        if (after.IsDown)
        {
            logger.LogInformation("job {Job}: {Unit} stopped", job.Id, unit);
            return null;
        }
        return result is null
            ? $"{unit} has not stopped within {Duration.Format(configuration.Node.StopTimeout)} ({after.Active}, {after.Sub}); see systemctl status {unit}, then resume the node"
            : $"{unit} does not stop: {result} ({after.Active}, {after.Sub}); see journalctl -u {unit}, then resume the node";
    }

    private string? EndPods(Job job, Deadline deadline)
    {
        var count = configuration.Node.LeftoverPods == LeftoverPods.Keep ? 0 : pods.Count();
        if (count == 0)
            return null;
        if (configuration.Node.LeftoverPods == LeftoverPods.Freeze)
        {
            logger.LogInformation("job {Job}: {Count} processes of pods are frozen (node.leftoverPods)", job.Id, count);
            state.WriteFrozen(configuration.Node.PodCgroups);
            return pods.Freeze(deadline.Left) ? null : "pods on it cannot be frozen (node.leftoverPods); is there a freezer cgroup?";
        }
        logger.LogInformation("job {Job}: {Count} processes of pods are ended", job.Id, count);
        // A grace that leaves no time to kill would be a grace without an end.
        var grace = configuration.Eviction.GracePeriod ?? DefaultGrace;
        return pods.End(grace < deadline.Left / 2 ? grace : deadline.Left / 2, deadline.Left)
            ? null
            : $"{pods.Count()} processes of pods do not end, not even when killed; see systemd-cgls {configuration.Node.PodCgroups.FirstOrDefault()}, then resume the node";
    }

    // A pod's own, where it says nothing (terminationGracePeriodSeconds in the API reference).
    private static readonly TimeSpan DefaultGrace = TimeSpan.FromSeconds(30);
}
