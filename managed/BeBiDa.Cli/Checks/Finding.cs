namespace BeBiDa.Cli.Checks;

/// <summary>How bad it is.</summary>
internal enum Severity
{
    /// <summary>It works, and will not always, or not as it is meant.</summary>
    Warning,

    /// <summary>Nodes are not handed over, or jobs are not started.</summary>
    Error,
}

/// <summary>Something that is wrong with a site.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Check">Its name, for monitoring: <c>part/what</c>; it stays the same over releases.</param>
/// <param name="What">What was found.</param>
/// <param name="Why">Why it matters.</param>
/// <param name="Write">The exact line to write, or the command to run.</param>
/// <param name="Where">Where it is written: a file and line, or a host.</param>
internal sealed record Finding(Severity Severity, string Check, string What, string Why, string Write, string Where);

/// <summary>What was looked at, and what is wrong with it.</summary>
internal sealed class Findings
{
    private readonly List<Finding> found = [];
    private readonly List<string> looked = [];
    private readonly List<string> skipped = [];

    /// <summary>What is wrong, the worst first.</summary>
    public IReadOnlyList<Finding> All => [.. found.OrderByDescending(finding => finding.Severity)];

    /// <summary>The parts that were looked at.</summary>
    public IReadOnlyList<string> Looked => looked;

    /// <summary>The parts that could not be looked at, each with the reason.</summary>
    public IReadOnlyList<string> Skipped => skipped;

    /// <summary>Nodes are not handed over, or jobs are not started.</summary>
    public void Error(string check, string what, string why, string write, string where) =>
        found.Add(new Finding(Severity.Error, check, what, why, write, where));

    /// <summary>It works, and will not always.</summary>
    public void Warning(string check, string what, string why, string write, string where) =>
        found.Add(new Finding(Severity.Warning, check, what, why, write, where));

    /// <summary>A part is looked at.</summary>
    public void Look(string part) => looked.Add(part);

    /// <summary>A part cannot be looked at.</summary>
    public void Skip(string part, string why) => skipped.Add($"{part}: {why}");
}
