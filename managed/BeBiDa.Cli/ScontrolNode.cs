using System.Text.RegularExpressions;
using BeBiDa.Logs;
using BeBiDa.Reconciliation;

namespace BeBiDa.Cli;

/// <summary>One of Slurm's nodes, as <c>scontrol --oneliner show node</c> prints it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">Its state and flags, with plus signs: <c>MIXED+DRAIN</c>.</param>
/// <param name="Partitions">Its partitions, with commas; may be empty.</param>
/// <param name="Reason">An admin's or a program's reason for its state; may be empty.</param>
internal sealed partial record ScontrolNode(string Name, string State, string Partitions, string Reason)
{
    /// <summary>Reads all nodes.</summary>
    /// <param name="printed">What scontrol has printed.</param>
    /// <exception cref="JobsUnknownException">It is something else.</exception>
    public static IReadOnlyList<ScontrolNode> ReadAll(string printed) => [.. Records(printed).Select(Read)];

    // Comments are printed as they are, line breaks too.
    private static IEnumerable<string> Records(string printed)
    {
        var record = "";
        foreach (var line in printed.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            if (!line.StartsWith("NodeName=", StringComparison.Ordinal))
            {
                record += $" {line}";
            }
            else
            {
                if (record.StartsWith("NodeName=", StringComparison.Ordinal))
                    yield return record;
                record = line;
            }
        if (record.StartsWith("NodeName=", StringComparison.Ordinal))
            yield return record;
    }

    private static ScontrolNode Read(string line)
    {
        if (Node().Match(line) is not { Success: true } node)
            throw new JobsUnknownException($"scontrol show node: '{line}' names no node with a state");
        return new ScontrolNode(
            node.Groups["name"].Value,
            node.Groups["state"].Value,
            Partition().Match(line, node.Index + node.Length).Groups["partitions"].Value,
            LogLine.OnOneLine(ReasonOf().Match(line).Groups["reason"].Value)
        );
    }

    // What comes between is slurmd's: features, addresses, the name of its operating system. The state's neighbour is fixed.
    [GeneratedRegex(@"^NodeName=(?<name>\S+) .* State=(?<state>\S+) ThreadsPerCore=", RegexOptions.CultureInvariant)]
    private static partial Regex Node();

    // No text of anybody stands between the state and this; only before the state, and after it.
    [GeneratedRegex(@" Partitions=(?<partitions>\S+)", RegexOptions.CultureInvariant)]
    private static partial Regex Partition();

    // slurmctld adds who gave the reason, and when; and after it there may be more.
    [GeneratedRegex(@" Reason=(?<reason>.*?)(?: \[[^\[\]]+@[^\[\]]+\].*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex ReasonOf();
}
