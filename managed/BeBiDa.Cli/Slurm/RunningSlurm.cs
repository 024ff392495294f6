namespace BeBiDa.Cli.Slurm;

/// <summary>What a running slurmctld says of itself.</summary>
internal sealed class RunningSlurm
{
    private readonly IReadOnlyDictionary<string, string> settings;

    private RunningSlurm(IReadOnlyDictionary<string, string> settings) => this.settings = settings;

    /// <summary>Its version.</summary>
    public SlurmVersion? Version => SlurmVersion.Parse(this["SLURM_VERSION"]);

    /// <summary>A setting as it runs; null for one that it does not tell, or has none ("(null)").</summary>
    public string? this[string key] => settings.GetValueOrDefault(key) is { } value and not "(null)" ? value : null;

    /// <summary>Asks it (<c>scontrol show config</c>).</summary>
    /// <returns>What it says, or why it could not be asked.</returns>
    public static async Task<(RunningSlurm? Slurm, string Problem)> AskAsync(CancellationToken cancellationToken)
    {
        var answer = await HostCommand.RunAsync("scontrol", ["show", "config"], cancellationToken).ConfigureAwait(false);
        return answer.Output is { } output ? (Parse(output), "") : (null, answer.Problem);
    }

    /// <summary>Reads what <c>scontrol show config</c> prints: a key and its value on each line.</summary>
    public static RunningSlurm Parse(string output) =>
        new(
            output
                .Split('\n')
                .Select(line => line.Split('=', 2, StringSplitOptions.TrimEntries))
                .Where(pair => pair.Length == 2)
                .DistinctBy(pair => pair[0], StringComparer.OrdinalIgnoreCase)
                .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase)
        );

    /// <summary>Its nodes, each with its state in a word.</summary>
    /// <returns>Null where they cannot be told.</returns>
    public static async Task<IReadOnlyDictionary<string, string>?> NodesAsync(CancellationToken cancellationToken)
    {
        var answer = await HostCommand
            .RunAsync("sinfo", ["--all", "--noheader", "--Node", "--format=%N|%T"], cancellationToken)
            .ConfigureAwait(false);
        return answer
            .Output?.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('|'))
            .Where(pair => pair.Length == 2)
            .DistinctBy(pair => pair[0])
            .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
    }
}
