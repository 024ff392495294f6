namespace BeBiDa.Chaos.Load;

/// <summary>What becomes of a job.</summary>
public enum Fate
{
    Batch,
    Interactive,
    Array,
    Cancelled,
    Requeued,
}

/// <summary>A job, with all that chance decides of it.</summary>
/// <param name="Name">Its name, which no other has.</param>
/// <param name="Fate">What becomes of it.</param>
/// <param name="Options">Its partition and its nodes.</param>
/// <param name="Time">How long its tasks run.</param>
/// <param name="Patience">After what time it is cancelled, where that is its fate.</param>
public sealed record PlannedJob(string Name, Fate Fate, IReadOnlyList<string> Options, TimeSpan Time, TimeSpan Patience)
{
    /// <summary>How many tasks its array has; 1 for what is none.</summary>
    public int Tasks => Fate == Fate.Array ? 3 : 1;
}
