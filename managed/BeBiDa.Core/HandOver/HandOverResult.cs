namespace BeBiDa.HandOver;

/// <summary>How a hand-over ended.</summary>
public enum HandOverOutcome
{
    /// <summary>Done: Kubernetes has let go of, or has got back, every node of the job that it knows.</summary>
    Done,

    /// <summary>None of the job's nodes, or the job itself, is BeBiDa's business.</summary>
    NothingToDo,

    /// <summary>The job's recommission came before its decommission was done; nothing is left to do for it.</summary>
    Superseded,

    /// <summary>It could not be done in time, or not at all.</summary>
    Failed,
}

/// <summary>How a hand-over ended, and what it took.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Nodes">Slurm's names of the nodes that Kubernetes knows.</param>
/// <param name="PodsEvicted">How many pods left.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Problems">What went wrong.</param>
public sealed record HandOverResult(
    HandOverOutcome Outcome,
    IReadOnlyList<string> Nodes,
    int PodsEvicted,
    TimeSpan Elapsed,
    IReadOnlyList<Problem> Problems
)
{
    /// <summary>Whether the job, or Kubernetes, can have its nodes.</summary>
    public bool Succeeded => Outcome != HandOverOutcome.Failed;
}

/// <summary>How far a hand-over is.</summary>
/// <param name="Nodes">Nodes to hand over.</param>
/// <param name="NodesDone">Nodes that are held, or released.</param>
/// <param name="PodsLeft">Pods that have left.</param>
/// <param name="PodsLeaving">Pods that are still there.</param>
public readonly record struct HandOverProgress(int Nodes, int NodesDone, int PodsLeft, int PodsLeaving);
