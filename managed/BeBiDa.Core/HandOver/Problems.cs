using System.Collections.Concurrent;

namespace BeBiDa.HandOver;

/// <summary>What stands between a hand-over and its end: filled while tries fail, emptied as they succeed.</summary>
internal sealed class Problems
{
    private const int Shown = 5;

    private readonly ConcurrentDictionary<string, string> lines = new(StringComparer.Ordinal);

    /// <summary>Whether nothing does.</summary>
    public bool IsEmpty => lines.IsEmpty;

    /// <summary>One line for each.</summary>
    public IReadOnlyList<string> Lines => [.. lines.Values.Order(StringComparer.Ordinal)];

    /// <summary>Something does: the last word about this subject.</summary>
    public void Set(string subject, string line) => lines[subject] = line;

    /// <summary>This no longer does.</summary>
    public void Clear(string subject) => lines.TryRemove(subject, out _);

    /// <summary>All of it in one line that stays readable with a thousand nodes.</summary>
    public string Describe()
    {
        var all = Lines;
        return string.Join("; ", all.Take(Shown)) + (all.Count > Shown ? $"; and {all.Count - Shown} more" : "");
    }
}
