namespace BeBiDa.Lab;

/// <summary>How a <see cref="SlurmCluster"/> is made up.</summary>
public sealed record SlurmOptions
{
    /// <summary>Number of nodes, named n1, n2, …; each has a slurmd of its own.</summary>
    public int Nodes { get; init; } = 8;

    /// <summary>CPUs that each node claims to have.</summary>
    public int CpusPerNode { get; init; } = 4;

    public string ClusterName { get; init; } = "lab";

    /// <summary>Whether a second slurmctld stands by, with the same state directory.</summary>
    public bool Backup { get; init; }

    /// <summary>Whether slurmctld is told that systemd runs it; else it stays in the foreground.</summary>
    public bool Systemd { get; init; } = SlurmInstallation.HandsOverToNewProcess;

    /// <summary>Whether Slurm knows its own by auth/slurm, from 23.11 on, and there is no munge.</summary>
    public bool WithoutMunge { get; init; }

    /// <summary>A directory with Slurm plugins of ours, searched before Slurm's own.</summary>
    public string? PluginDirectory { get; init; }

    /// <summary>Slurm's own plugin directory; found where the distribution keeps it when not given.</summary>
    public string? SlurmPluginDirectory { get; init; }

    /// <summary><c>PrEpPlugins</c>, in order.</summary>
    public IReadOnlyList<string> PrEpPlugins { get; init; } = ["prep/script"];

    /// <summary>Lines of <c>plugstack.conf</c>.</summary>
    public IReadOnlyList<string> PlugStack { get; init; } = [];

    /// <summary>Text of the script that slurmctld runs before a job; none when null.</summary>
    public string? PrologSlurmctld { get; init; }

    /// <summary>Text of the script that slurmctld runs after a job; none when null.</summary>
    public string? EpilogSlurmctld { get; init; }

    /// <summary>Text of the script that each node runs before a job; none when null.</summary>
    public string? Prolog { get; init; }

    /// <summary>Text of the script that each node runs after a job; none when null.</summary>
    public string? Epilog { get; init; }

    /// <summary>Variables for slurmctld, on top of this process's own (<c>BEBIDA_CONFIG</c>, <c>LD_PRELOAD</c>, …).</summary>
    public IReadOnlyDictionary<string, string> ControllerEnvironment { get; init; } = new Dictionary<string, string>();

    /// <summary>Variables for every slurmd, on top of this process's own.</summary>
    public IReadOnlyDictionary<string, string> NodeEnvironment { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Lifetime of a job credential. A requeued job waits this long before it starts again, so Slurm's own
    /// two minutes are too long here; a step that starts later than this after its allocation fails.
    /// </summary>
    public TimeSpan CredentialLifetime { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary><c>SlurmctldDebug</c> and <c>SlurmdDebug</c>.</summary>
    public string LogLevel { get; init; } = "verbose";

    /// <summary>Lines at the end of <c>slurm.conf</c>; a key given here replaces the lab's own.</summary>
    public IReadOnlyList<string> ExtraConfiguration { get; init; } = [];

    /// <summary>How long anything that is waited for may take before it counts as failed.</summary>
    public TimeSpan Patience { get; init; } = Eventually.Patience;

    /// <summary>Leave the directory with its logs behind; also when <c>BEBIDA_LAB_KEEP</c> is 1.</summary>
    public bool KeepDirectory { get; init; } = Environment.GetEnvironmentVariable("BEBIDA_LAB_KEEP") == "1";

    /// <summary>These options with the BeBiDa plugin in slurmctld, reading the given configuration file.</summary>
    public SlurmOptions WithPlugin(PluginBuild build, string configuration) =>
        this with
        {
            PluginDirectory = build.PluginDirectory,
            PrEpPlugins = [.. PrEpPlugins, "prep/bebida"],
            ControllerEnvironment = new Dictionary<string, string>(ControllerEnvironment)
            {
                ["BEBIDA_LIBDIR"] = build.LibraryDirectory,
                ["BEBIDA_CONFIG"] = configuration,
            },
        };
}
