namespace BeBiDa.Configuration;

/// <summary>What is wrong with a configuration. Programs read the properties; the text is for people.</summary>
/// <param name="Text">What is wrong.</param>
public sealed record ConfigurationProblem(string Text)
{
    /// <summary>The file; null for an option.</summary>
    public string? File { get; init; }

    /// <summary>The line, from 1; null for the whole file.</summary>
    public long? Line { get; init; }

    /// <summary>The key, with its sections: <c>eviction.deadline</c>; null for no key in particular.</summary>
    public string? Key { get; init; }

    /// <summary>The command that mends it, if there is one.</summary>
    public string? Run { get; init; }

    /// <summary>The line to write, if there is one.</summary>
    public string? Write { get; init; }

    /// <summary>Whether the key is one of an earlier release that does nothing any more; the file can be used all the same.</summary>
    public bool IsOutdated { get; init; }

    /// <summary>What mends it, if one line can say so.</summary>
    public string? Remedy => Run ?? Write;

    /// <summary>Where it stands: the file, with the line if one is known; null for an option.</summary>
    public string? Place => Line is null ? File : $"{File}:{Line}";

    /// <summary>Place, key and text, for people.</summary>
    public string What => string.Concat(Place is null ? "" : $"{Place}: ", Key is null ? "" : $"{Key}: ", Text);

    /// <summary>The same with the remedy, in one line.</summary>
    public override string ToString() => string.Concat(What, Run is null ? "" : $"; run: {Run}", Write is null ? "" : $"; write: {Write}");
}
