using System.ComponentModel;
using CliWrap;
using CliWrap.Buffered;

namespace BeBiDa.Cli.Slurm;

/// <summary>A command of this host that has been run: Slurm's own, or systemd's.</summary>
/// <param name="Output">What it printed; null where it failed.</param>
/// <param name="Problem">Why it failed.</param>
/// <param name="IsInstalled">Whether there is such a command.</param>
internal sealed record HostCommand(string? Output, string Problem, bool IsInstalled)
{
    // Longer than Slurm's commands themselves try a slurmctld that is down: their own error says more.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs it.</summary>
    public static async Task<HostCommand> RunAsync(string command, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var result = await CliWrap
                .Cli.Wrap(command)
                .WithArguments(arguments)
                .WithEnvironmentVariables(Variables())
                .WithValidation(CommandResultValidation.None)
                .ExecuteBufferedAsync(limit.Token)
                .ConfigureAwait(false);
            if (result.ExitCode == 0)
                return new HostCommand(result.StandardOutput, "", IsInstalled: true);
            var said = result.StandardError.Trim().ReplaceLineEndings("; ");
            return new HostCommand(
                null,
                $"{command}: {(said.Length > 0 ? $"{said} " : "")}(exit code {result.ExitCode})",
                IsInstalled: true
            );
        }
        catch (Win32Exception e)
        {
            return new HostCommand(null, $"{command} cannot be run: {e.Message}", IsInstalled: false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new HostCommand(null, $"{command}: no answer within {Duration.Format(Patience)}", IsInstalled: true);
        }
    }

    // Without those that choose among jobs or nodes, or another cluster (squeue(1) and sinfo(1), "ENVIRONMENT VARIABLES"). Times
    // come in seconds since 1970: scontrol(1) says so of this format, which strftime(3) explains.
    private static Dictionary<string, string?> Variables() =>
        new(
            Environment
                .GetEnvironmentVariables()
                .Keys.Cast<string>()
                .Where(name =>
                    name.StartsWith("SQUEUE_", StringComparison.Ordinal)
                    || name.StartsWith("SINFO_", StringComparison.Ordinal)
                    || name == "SLURM_CLUSTERS"
                )
                .ToDictionary(name => name, _ => (string?)null)
        )
        {
            ["SLURM_TIME_FORMAT"] = "%s",
        };
}
