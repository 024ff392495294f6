using BeBiDa.Lab;
using CliWrap;
using CliWrap.Buffered;

namespace BeBiDa.Site;

/// <summary>bebidactl, as an admin of the site runs it.</summary>
public sealed class Tool(string? path, string configuration, SlurmCluster slurm)
{
    private IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Runs it to its end, however that is.</summary>
    public Task<Lab.CommandResult> RunAsync(params string[] arguments) => RunUntilAsync(default, arguments);

    /// <summary>The same tool in another environment.</summary>
    public Tool In(IReadOnlyDictionary<string, string> environment) => new(path, configuration, slurm) { Environment = environment };

    /// <summary>Runs it until it is told to end (SIGTERM), or ends before that.</summary>
    public async Task<Lab.CommandResult> RunUntilAsync(CancellationToken end, params string[] arguments)
    {
        var running = Cli.Wrap(path ?? throw new LabException("this site has no bebidactl"))
            .WithArguments(arguments)
            .WithEnvironmentVariables(
                new Dictionary<string, string?>(Environment.Select(e => KeyValuePair.Create(e.Key, (string?)e.Value)))
                {
                    ["BEBIDA_CONFIG"] = configuration,
                    ["SLURM_CONF"] = slurm.ConfigPath,
                }
            )
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync();
        await using var _ = end.Register(() => Cli.Wrap("kill").WithArguments(["-TERM", $"{running.ProcessId}"]).ExecuteAsync());
        var result = await running;
        return new Lab.CommandResult(
            $"bebidactl {string.Join(' ', arguments)}",
            result.ExitCode,
            result.StandardOutput,
            result.StandardError
        );
    }
}
