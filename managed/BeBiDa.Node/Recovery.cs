namespace BeBiDa.Node;

/// <summary>
/// What systemd starts now and then while something is noted on this node: gives it back to Kubernetes where no epilog of ours
/// has (another plugin's failed first, slurmd was killed), tries services again that an epilog could not start, and ends the time
/// that a node is kept for the next job.
/// </summary>
/// <param name="state">What is noted.</param>
/// <param name="epilog">Asks slurmctld for the noted jobs, and gives the node back.</param>
/// <param name="steps">What is known here without asking.</param>
/// <param name="time">The clock.</param>
/// <param name="wait">Waits for some time.</param>
internal sealed class Recovery(NodeState state, Epilog epilog, RunningSteps steps, TimeProvider time, Action<TimeSpan> wait)
{
    // Not Core's Backoff: the pause outlives this process, which ends after each look.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Gives the node back if none of the noted jobs has it any more and the time for another try has come. Where the node is kept
    /// for the next job, it first waits for that time's end.
    /// </summary>
    /// <returns>Why something does not run again, for an admin; null when all of it does or need not.</returns>
    public string? Run()
    {
        if (WaitForNextJob() is not { } wasKept)
            return null;
        // The case of every job that runs: no question, since a thousand nodes would ask it.
        if (!state.NeedsRecovery || steps.Jobs().Overlaps(state.ReadJobs()))
        {
            state.WriteNextTry(null);
            return null;
        }
        var now = time.GetUtcNow();
        var next = state.ReadNextTry();
        // A clock that was set back does not make the pause longer.
        if (!wasKept && next is { } planned && planned.Time > now && planned.Time - now <= planned.Pause)
            return null;
        var pause = next is { } last ? TimeSpan.FromTicks(Math.Min(last.Pause.Ticks * 2, LongestPause.Ticks)) : ShortestPause;
        state.WriteNextTry((now + pause, pause));
        var problem = epilog.GiveBack(wasKept ? "no job has come" : "recovery", TimeSpan.Zero);
        if (!state.NeedsRecovery)
            state.WriteNextTry(null);
        return problem;
    }

    // Whether the node was kept, and no job has come; null where another epilog keeps it by now. As long as the note is there, systemd
    // starts this process again, with its full time limit.
    private bool? WaitForNextJob()
    {
        if (state.ReadLinger() is not { } end)
            return false;
        while (epilog.IsKept(out var left) && state.ReadLinger() == end)
            wait(left);
        return epilog.EndKeeping(end) ? true
            : state.ReadLinger() is null ? false
            : null;
    }
}
