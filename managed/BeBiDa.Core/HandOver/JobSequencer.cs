using BeBiDa.Holds;

namespace BeBiDa.HandOver;

/// <summary>Lets the hand-overs of one job happen one after the other, in the order in which they were asked for.</summary>
internal sealed class JobSequencer
{
    private readonly Lock gate = new();
    private readonly Dictionary<HoldKey, Turn> last = [];

    /// <summary>Takes the next turn of a job. Decommissions that are under way or wait give up for a recommission: the job will not run.</summary>
    /// <remarks>Not the reverse: a job that is requeued may come back on other nodes, and its first ones still have to be released.</remarks>
    public Turn Take(HoldKey job, bool decommission, IReadOnlyList<string> nodes, CancellationToken stop)
    {
        lock (gate)
        {
            var before = last.GetValueOrDefault(job);
            if (!decommission)
                for (var useless = before; useless is { Decommission: true }; useless = useless.Previous)
                    useless.GiveUp();
            var turn = new Turn(decommission, nodes, before, stop);
            last[job] = turn;
            _ = turn.Ended.ContinueWith(_ => Leave(job, turn), TaskScheduler.Default);
            return turn;
        }
    }

    /// <summary>Whether the job has been given a node again since a turn was taken: it may run there already.</summary>
    /// <param name="job">The job.</param>
    /// <param name="turn">The turn.</param>
    /// <param name="node">Slurm's name of the node.</param>
    public bool IsTakenAgain(HoldKey job, Turn turn, string node)
    {
        lock (gate)
        {
            for (var later = last.GetValueOrDefault(job); later is not null && later != turn; later = later.Previous)
                if (later is { Decommission: true, IsSuperseded: false } && later.Nodes.Contains(node))
                    return true;
            return false;
        }
    }

    /// <summary>Whether a turn of this job was taken and has not ended.</summary>
    public bool IsTaken(HoldKey job)
    {
        lock (gate)
            return last.ContainsKey(job);
    }

    /// <summary>Ends when the last turn of this job that was taken has.</summary>
    public Task EndOf(HoldKey job)
    {
        lock (gate)
            return last.GetValueOrDefault(job)?.Ended ?? Task.CompletedTask;
    }

    /// <summary>Ends when all turns that were taken have ended.</summary>
    public Task WhenAllEnded()
    {
        lock (gate)
            return Task.WhenAll(last.Values.Select(t => t.Ended));
    }

    private void Leave(HoldKey job, Turn turn)
    {
        lock (gate)
        {
            if (last.TryGetValue(job, out var current) && current == turn)
                last.Remove(job);
            turn.Leave();
        }
    }
}

/// <summary>One hand-over's place in the order of its job.</summary>
internal sealed class Turn
{
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource over;
    private bool hasLeft;

    public Turn(bool decommission, IReadOnlyList<string> nodes, Turn? previous, CancellationToken stop)
    {
        Decommission = decommission;
        Nodes = nodes;
        Previous = previous;
        Before = previous?.Ended ?? Task.CompletedTask;
        over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Over = over.Token;
    }

    /// <summary>Which way it goes.</summary>
    public bool Decommission { get; }

    /// <summary>Slurm's names of the nodes.</summary>
    public IReadOnlyList<string> Nodes { get; }

    /// <summary>The one before it; null when there is none that has not left the turns. Read under their lock.</summary>
    public Turn? Previous { get; private set; }

    /// <summary>Ends when the hand-over before it has.</summary>
    public Task Before { get; }

    /// <summary>Ends when this one has.</summary>
    public Task Ended => ended.Task;

    /// <summary>Whether the job's recommission waits for this one.</summary>
    public bool IsSuperseded { get; private set; }

    /// <summary>Cancelled when there is no use in going on: superseded, or everything stops.</summary>
    public CancellationToken Over { get; }

    /// <summary>Says that this one has ended.</summary>
    public void End() => ended.TrySetResult();

    /// <summary>Tells this one that the job's recommission waits. Called under the turns' lock.</summary>
    public void GiveUp()
    {
        if (hasLeft || IsSuperseded)
            return;
        IsSuperseded = true;
        // Not here and now: who waits for the token must not run under the caller's lock.
        _ = over.CancelAsync();
    }

    /// <summary>It is none of the turns any more. Called under their lock.</summary>
    public void Leave()
    {
        hasLeft = true;
        // Or a job that is requeued again and again would keep all its turns.
        Previous = null;
        over.Dispose();
    }
}
