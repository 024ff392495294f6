namespace BeBiDa.Harvest.Daemons;

/// <summary>The states of nodes, as sinfo writes them with all their flags: "idle+planned", "allocated+completing".</summary>
internal static class Sinfo
{
    /// <summary>sinfo's arguments: a line for each node, its name and its state.</summary>
    public static IReadOnlyList<string> Arguments(string partition) => ["-h", "-N", "-p", partition, "-O", "NodeList:40,StateComplete:120"];

    // Of an idle node they say nothing against it.
    private static readonly HashSet<string> s_harmless = ["planned", "cloud", "dynamic_norm", "dynamic_future"];

    /// <summary>What sinfo's answer says of each node.</summary>
    public static IReadOnlyDictionary<string, SlurmState> Parse(string answer) =>
        answer
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .ToDictionary(words => words[0], words => StateOf(words[1]));

    /// <summary>What a state with its flags is.</summary>
    public static SlurmState StateOf(string state)
    {
        var words = state.ToLowerInvariant().Split('+');
        return words[0] switch
        {
            "allocated" or "mixed" => SlurmState.Job,
            "idle" when words.Contains("completing") => SlurmState.Job,
            "idle" when words.Skip(1).All(s_harmless.Contains) => SlurmState.Idle,
            "planned" => SlurmState.Idle,
            _ => SlurmState.Out,
        };
    }
}
