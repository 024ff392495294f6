using BeBiDa.Cli.Slurm;
using BeBiDa.Configuration;

namespace BeBiDa.Cli.Checks;

/// <summary>What is known of a site before it is looked at.</summary>
internal sealed record CheckedSite
{
    /// <summary>Where bebida.yaml is, for whom it is checked.</summary>
    public required string ConfigurationFile { get; init; }

    /// <summary>What it says; null where it cannot be used.</summary>
    public BebidaConfiguration? Configuration { get; init; }

    /// <summary>What is wrong with it.</summary>
    public IReadOnlyList<ConfigurationProblem> ConfigurationProblems { get; init; } = [];

    /// <summary>slurm.conf; null where there is none to read.</summary>
    public SlurmConf? Conf { get; init; }

    /// <summary>What the running slurmctld says; null where it does not answer.</summary>
    public RunningSlurm? Slurm { get; init; }

    /// <summary>Why it does not.</summary>
    public string SlurmProblem { get; init; } = "";

    /// <summary>The environment of the daemon whose host this is, as far as it can be seen.</summary>
    public IReadOnlyDictionary<string, string> DaemonEnvironment { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether the hand-over is done by scripts, where the plugin is not loaded.</summary>
    public bool UsesHook =>
        Setting("PrologSlurmctld") is { } script && Mentions(script, "bebidactl") && !PrEpPlugins.Contains("prep/bebida");

    /// <summary>PrEpPlugins as the next slurmctld has it.</summary>
    public IReadOnlyList<string> PrEpPlugins => (Setting("PrEpPlugins") ?? "prep/script").Split(',', StringSplitOptions.TrimEntries);

    /// <summary>A setting as the next slurmctld has it: the file's, else what the running one says.</summary>
    public string? Setting(string key) => Conf?.Value(key) ?? Slurm?[key];

    /// <summary>Where a setting stands, or would be written.</summary>
    public string Place(string key) => Conf?.Last(key)?.Place ?? Conf?.Path ?? "slurm.conf";

    /// <summary>Where a key of bebida.yaml is written.</summary>
    public string Under(string section) => $"{ConfigurationFile}, under {section}:";

    /// <summary>Whether a script has a word in it.</summary>
    public static bool Mentions(string script, string word)
    {
        try
        {
            return File.ReadAllText(script).Contains(word, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Reads what there is.</summary>
    /// <param name="configurationFile">What was given as --config; null for what the daemon reads.</param>
    /// <param name="role">Whose host this is.</param>
    /// <param name="conf">slurm.conf.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<CheckedSite> ReadAsync(
        string? configurationFile,
        HostRole role,
        SlurmConf? conf,
        CancellationToken cancellationToken
    )
    {
        var (slurm, problem) = await RunningSlurm.AskAsync(cancellationToken).ConfigureAwait(false);
        var environment = DaemonProcess.Environment(role, conf, slurm);
        var path =
            configurationFile
            ?? (
                Environment.GetEnvironmentVariable(BeBiDa.Configuration.ConfigurationFile.PathVariable) is { Length: > 0 } ours
                    ? ours
                    : null
            )
            ?? environment.GetValueOrDefault(BeBiDa.Configuration.ConfigurationFile.PathVariable)
            ?? BeBiDa.Configuration.ConfigurationFile.DefaultPath;
        return Of(path, role, conf, slurm) with { SlurmProblem = problem, DaemonEnvironment = environment };
    }

    /// <summary>A site of which the files and slurmctld's answer are there.</summary>
    public static CheckedSite Of(string configurationFile, HostRole role, SlurmConf? conf, RunningSlurm? slurm)
    {
        BebidaConfiguration? configuration = null;
        IReadOnlyList<ConfigurationProblem> problems = [];
        try
        {
            configuration = BeBiDa.Configuration.ConfigurationFile.Load(configurationFile, kubernetes: role == HostRole.Controller);
        }
        catch (ConfigurationException e)
        {
            problems = e.Problems;
        }
        return new CheckedSite
        {
            ConfigurationFile = configurationFile,
            Configuration = configuration,
            ConfigurationProblems = problems,
            Conf = conf,
            Slurm = slurm,
        };
    }
}
