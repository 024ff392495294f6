using System.ComponentModel;
using CliWrap;
using CliWrap.Buffered;

namespace BeBiDa.Cli.Slurm;

/// <summary>What a running slurmctld says of itself.</summary>
internal sealed class RunningSlurm
{
    // Slurm's commands try a slurmctld that is down for about as long.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

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
        var (output, problem) = await RunAsync("scontrol", ["show", "config"], cancellationToken).ConfigureAwait(false);
        return output is null ? (null, problem) : (new RunningSlurm(Parse(output)), "");
    }

    /// <summary>What <c>scontrol show config</c> prints, by key.</summary>
    public static IReadOnlyDictionary<string, string> Parse(string output) =>
        output
            .Split('\n')
            .Select(line => line.Split('=', 2, StringSplitOptions.TrimEntries))
            .Where(pair => pair.Length == 2)
            .DistinctBy(pair => pair[0], StringComparer.OrdinalIgnoreCase)
            .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);

    /// <summary>Its nodes, each with its state in a word.</summary>
    /// <returns>Null where they cannot be told.</returns>
    public static async Task<IReadOnlyDictionary<string, string>?> NodesAsync(CancellationToken cancellationToken)
    {
        var (output, _) = await RunAsync("sinfo", ["--all", "--noheader", "--Node", "--format=%N|%T"], cancellationToken)
            .ConfigureAwait(false);
        return output
            ?.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('|'))
            .Where(pair => pair.Length == 2)
            .DistinctBy(pair => pair[0])
            .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
    }

    /// <summary>Runs a command.</summary>
    /// <returns>What it printed; null where it failed, with why.</returns>
    public static async Task<(string? Output, string Problem)> RunAsync(
        string command,
        IReadOnlyList<string> arguments,
        CancellationToken cancellationToken
    )
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var result = await CliWrap
                .Cli.Wrap(command)
                .WithArguments(arguments)
                .WithValidation(CommandResultValidation.None)
                .ExecuteBufferedAsync(limit.Token)
                .ConfigureAwait(false);
            var said = (result.StandardError + result.StandardOutput).Trim().ReplaceLineEndings("; ");
            return result.ExitCode == 0
                ? (result.StandardOutput, "")
                : (
                    null,
                    said.StartsWith(command, StringComparison.Ordinal)
                        ? said
                        : $"{command}: {(said.Length > 0 ? said : $"exit code {result.ExitCode}")}"
                );
        }
        catch (Win32Exception e)
        {
            return (null, $"{command} cannot be run: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"{command}: no answer within {Duration.Format(Patience)}");
        }
    }
}
