using System.Collections.Concurrent;

namespace BeBiDa.HandOver;

/// <summary>Something that stands between a hand-over and its end.</summary>
/// <param name="Node">Slurm's name of the node that it concerns; null when it concerns the job as a whole.</param>
/// <param name="Text">What it is, for people.</param>
public sealed record Problem(string? Node, string Text)
{
    /// <summary>Node and text, for people.</summary>
    public override string ToString() => Node is null ? Text : $"node {Node}: {Text}";
}

/// <summary>What stands between a hand-over and its end: filled while tries fail, emptied as they succeed.</summary>
internal sealed class Problems
{
    private const int Shown = 5;

    private readonly ConcurrentDictionary<string, Problem> ofNodes = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<Problem> ofJob = new();
    private volatile string? waitingFor;

    /// <summary>Whether nothing does.</summary>
    public bool IsEmpty => ofNodes.IsEmpty && ofJob.IsEmpty && waitingFor is null;

    /// <summary>All of it.</summary>
    public IReadOnlyList<Problem> All =>
        [
            .. ofNodes
                .Values.Concat(ofJob)
                .Concat(waitingFor is { } now ? [new Problem(null, now)] : [])
                .OrderBy(problem => problem.ToString(), StringComparer.Ordinal),
        ];

    /// <summary>What the hand-over waits for now, for people; null when for nothing.</summary>
    public string? WaitingFor
    {
        get => waitingFor;
        set => waitingFor = value;
    }

    /// <summary>The last word about a node.</summary>
    public void Set(string node, string text) => ofNodes[node] = new Problem(node, text);

    /// <summary>Nothing is wrong about a node any more.</summary>
    public void Clear(string node) => ofNodes.TryRemove(node, out _);

    /// <summary>Something that stays wrong, and concerns the job as a whole.</summary>
    public void Add(string text) => ofJob.Enqueue(new Problem(null, text));

    /// <summary>All of it in one line that stays readable with a thousand nodes.</summary>
    public override string ToString()
    {
        var all = All;
        return string.Join("; ", all.Take(Shown)) + (all.Count > Shown ? $"; and {all.Count - Shown} more" : "");
    }
}
