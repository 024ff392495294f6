using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace BeBiDa.Configuration;

/// <summary>Reads bebida.yaml.</summary>
public static class ConfigurationFile
{
    /// <summary>Where the configuration is unless <see cref="PathVariable"/> names another file.</summary>
    public const string DefaultPath = "/etc/bebida/bebida.yaml";

    /// <summary>The environment variable that names another file.</summary>
    public const string PathVariable = "BEBIDA_CONFIG";

    /// <summary>The file that this process reads.</summary>
    public static string Path => Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } path ? path : DefaultPath;

    /// <summary>Reads the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kubernetes">Whether it has to say how Kubernetes is reached; a node need not know.</param>
    /// <exception cref="ConfigurationException">It cannot be read, could have been written by others, is not YAML, or has an unknown key, a wrong type or an impossible value.</exception>
    public static BebidaConfiguration Load(string path, bool kubernetes = true)
    {
        string text;
        try
        {
            text = TrustedFile.ReadText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigurationException(
                new ConfigurationProblem($"no such file ({PathVariable} can name another)")
                {
                    File = path,
                    Run = $"install -D -m 0640 -o root -g slurm /usr/share/bebida/bebida.yaml {path}",
                }
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(new ConfigurationProblem(e.Message) { File = path });
        }
        return Parse(path, text, kubernetes);
    }

    /// <summary>Reads a configuration from text.</summary>
    /// <param name="path">What to call it in errors.</param>
    /// <param name="text">The YAML.</param>
    /// <param name="kubernetes">As for <see cref="Load"/>.</param>
    /// <exception cref="ConfigurationException">As <see cref="Load"/>.</exception>
    public static BebidaConfiguration Parse(string path, string text, bool kubernetes = true)
    {
        var problems = new List<ConfigurationProblem>();
        var configuration = Read(new ConfigurationSection(path, "", Root(path, text), problems), kubernetes);
        return problems.TrueForAll(problem => problem.IsOutdated)
            ? configuration with
            {
                Outdated = problems,
            }
            : throw new ConfigurationException(problems);
    }

    private static YamlMappingNode Root(string path, string text)
    {
        try
        {
            return BoundedYaml.Load(text).Documents switch
            {
                [] => new YamlMappingNode(),
                [{ RootNode: YamlMappingNode mapping }] => mapping,
                [{ RootNode: YamlScalarNode { Value: null or "" } }] => new YamlMappingNode(),
                [var document] => throw At(document.RootNode.Start.Line, "expected a mapping of sections, such as 'kubernetes:'"),
                [_, var second, ..] => throw At(second.RootNode.Start.Line, "expected one YAML document; a second one begins here"),
            };
        }
        catch (YamlException e)
        {
            throw At(e.Start.Line, $"not YAML: {e.Message}");
        }
        catch (Exception e) when (e is not ConfigurationException)
        {
            // The parser gives up on some texts (an unclosed brace) with an exception of .NET's, which knows no line.
            throw At(1, $"not YAML; look for an unclosed bracket, brace or quote anywhere in the file ({e.GetType().Name})");
        }

        ConfigurationException At(long line, string text) => new(new ConfigurationProblem(text) { File = path, Line = line });
    }

    private static BebidaConfiguration Read(ConfigurationSection root, bool kubernetes)
    {
        var defaults = new BebidaConfiguration();
        var configuration = new BebidaConfiguration
        {
            Kubernetes = root.Section(
                "kubernetes",
                section => new KubernetesConfiguration
                {
                    Kubeconfig = kubernetes
                        ? section.Required("kubeconfig", "/etc/bebida/kubeconfig")
                        : section.Text("kubeconfig", defaults.Kubernetes.Kubeconfig),
                    Context = section.Text("context", defaults.Kubernetes.Context),
                    MaxInFlight = section.Number("maxInFlight", defaults.Kubernetes.MaxInFlight, 1, 512),
                    RequestTimeout = section.Duration(
                        "requestTimeout",
                        defaults.Kubernetes.RequestTimeout,
                        TimeSpan.FromMilliseconds(100),
                        TimeSpan.FromMinutes(5)
                    ),
                    Events = section.Flag("events", defaults.Kubernetes.Events),
                    RemoveNode = section.Flag("removeNode", defaults.Kubernetes.RemoveNode),
                }
            ),
            Controller = root.Section(
                "controller",
                section => new ControllerConfiguration
                {
                    Deadline = section.Duration("deadline", defaults.Controller.Deadline, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
                    OnFailure = section.Choice(
                        "onFailure",
                        defaults.Controller.OnFailure,
                        ("start", OnFailure.Start),
                        ("requeue", OnFailure.Requeue)
                    ),
                    ReconcileInterval = section.Duration(
                        "reconcileInterval",
                        defaults.Controller.ReconcileInterval,
                        TimeSpan.FromSeconds(1),
                        TimeSpan.FromHours(1)
                    ),
                }
            ),
            Eviction = root.Section(
                "eviction",
                section => new EvictionConfiguration
                {
                    GracePeriod = section.DurationOr(
                        "gracePeriod",
                        "pod",
                        defaults.Eviction.GracePeriod,
                        TimeSpan.Zero,
                        TimeSpan.FromHours(1)
                    ),
                    Deadline = section.Duration("deadline", defaults.Eviction.Deadline, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
                    OnBudget = section.Choice(
                        "onBudget",
                        defaults.Eviction.OnBudget,
                        ("delete", AtDeadline.Delete),
                        ("fail", AtDeadline.Fail)
                    ),
                    OnStuck = section.Choice(
                        "onStuck",
                        defaults.Eviction.OnStuck,
                        ("delete", AtDeadline.Delete),
                        ("fail", AtDeadline.Fail)
                    ),
                    OnStuckStateful = section.Choice(
                        "onStuckStateful",
                        defaults.Eviction.OnStuckStateful,
                        ("leave", AtDeadline.Leave),
                        ("delete", AtDeadline.Delete),
                        ("fail", AtDeadline.Fail)
                    ),
                    VolumeTimeout = section.Duration(
                        "volumeTimeout",
                        defaults.Eviction.VolumeTimeout,
                        TimeSpan.Zero,
                        TimeSpan.FromMinutes(5)
                    ),
                    Force = section.Flag("force", defaults.Eviction.Force),
                    DeleteEmptyDirData = section.Flag("deleteEmptyDirData", defaults.Eviction.DeleteEmptyDirData),
                }
            ),
            Jobs = root.Section(
                "jobs",
                section => new JobsConfiguration
                {
                    Partitions = section.Patterns("partitions", defaults.Jobs.Partitions),
                    IgnoreNames = section.Patterns("ignoreNames", defaults.Jobs.IgnoreNames),
                    MayKeep = section.Section(
                        "mayKeep",
                        who =>
                        {
                            who.Outdated("groups", "Unix groups allow nothing any more", "accounts: [Slurm accounts of these users]");
                            return new MayKeepConfiguration
                            {
                                Users = who.Patterns("users", defaults.Jobs.MayKeep.Users),
                                Accounts = who.Patterns("accounts", defaults.Jobs.MayKeep.Accounts),
                                Partitions = who.Patterns("partitions", defaults.Jobs.MayKeep.Partitions),
                            };
                        }
                    ),
                }
            ),
            Nodes = root.Section(
                "nodes",
                section => new NodesConfiguration
                {
                    Include = section.Patterns("include", defaults.Nodes.Include),
                    Exclude = section.Patterns("exclude", defaults.Nodes.Exclude),
                    Template = section.Text(
                        "template",
                        defaults.Nodes.Template,
                        value =>
                            value.Contains("{node}", StringComparison.Ordinal)
                                ? null
                                : "does not contain {node}: all Slurm nodes would map to one Kubernetes node"
                    ),
                    Label = section.Text("label", defaults.Nodes.Label),
                    Map = section.Map("map", defaults.Nodes.Map),
                    KeepAwake = section.Flag("keepAwake", defaults.Nodes.KeepAwake),
                    WaitUntilReady = section.Flag("waitUntilReady", defaults.Nodes.WaitUntilReady),
                    ReadyWhen = section.Names("readyWhen", defaults.Nodes.ReadyWhen, IsResource),
                    ReadyTimeout = section.Duration(
                        "readyTimeout",
                        defaults.Nodes.ReadyTimeout,
                        TimeSpan.FromSeconds(20),
                        TimeSpan.FromHours(1)
                    ),
                    Linger = section.Duration("linger", defaults.Nodes.Linger, TimeSpan.Zero, TimeSpan.FromMinutes(5)),
                    Lead = section.Duration("lead", defaults.Nodes.Lead, TimeSpan.Zero, TimeSpan.FromHours(1)),
                    KeepFree = section.Counts("keepFree", defaults.Nodes.KeepFree, most: 10_000),
                    FreeSeconds = section.Flag("freeSeconds", defaults.Nodes.FreeSeconds),
                    MaintenanceLabel = section.Text("maintenanceLabel", defaults.Nodes.MaintenanceLabel, IsLabelOrEmpty),
                }
            ),
            Node = root.Section(
                "node",
                section => new NodeConfiguration
                {
                    Services = section.Names("services", defaults.Node.Services, IsUnit),
                    StopTimeout = section.Duration(
                        "stopTimeout",
                        defaults.Node.StopTimeout,
                        TimeSpan.FromSeconds(1),
                        TimeSpan.FromHours(1)
                    ),
                    StartTimeout = section.Duration(
                        "startTimeout",
                        defaults.Node.StartTimeout,
                        TimeSpan.FromSeconds(1),
                        TimeSpan.FromMinutes(10)
                    ),
                    LeftoverPods = section.Choice(
                        "leftoverPods",
                        defaults.Node.LeftoverPods,
                        ("stop", LeftoverPods.Stop),
                        ("freeze", LeftoverPods.Freeze),
                        ("keep", LeftoverPods.Keep)
                    ),
                    PodCgroups = section.Names("podCgroups", defaults.Node.PodCgroups, IsBelowTheRoot),
                }
            ),
            Slurm = root.Section(
                "slurm",
                section => new SlurmConfiguration
                {
                    LookInterval = section.Duration(
                        "lookInterval",
                        defaults.Slurm.LookInterval,
                        TimeSpan.FromSeconds(1),
                        TimeSpan.FromMinutes(10)
                    ),
                    Maintenance = OnState(section, "maintenance", defaults.Slurm.Maintenance),
                    MaintenanceLead = section.Duration(
                        "maintenanceLead",
                        defaults.Slurm.MaintenanceLead,
                        TimeSpan.Zero,
                        TimeSpan.FromDays(7)
                    ),
                    Fail = OnState(section, "fail", defaults.Slurm.Fail),
                    Down = OnState(section, "down", defaults.Slurm.Down),
                    Drain = OnState(section, "drain", defaults.Slurm.Drain),
                    BadReasons = section.Patterns("badReasons", defaults.Slurm.BadReasons),
                    Reboot = OnState(section, "reboot", defaults.Slurm.Reboot),
                    PowerSaving = OnState(section, "powerSaving", defaults.Slurm.PowerSaving),
                    PowerTimeout = section.Duration(
                        "powerTimeout",
                        defaults.Slurm.PowerTimeout,
                        TimeSpan.FromSeconds(1),
                        TimeSpan.FromHours(1)
                    ),
                    SuspendProgram = section.Text("suspendProgram", defaults.Slurm.SuspendProgram, IsAbsolute),
                    ResumeProgram = section.Text("resumeProgram", defaults.Slurm.ResumeProgram, IsAbsolute),
                    RebootProgram = section.Text("rebootProgram", defaults.Slurm.RebootProgram, IsAbsolute),
                }
            ),
            Metrics = root.Section(
                "metrics",
                section => new MetricsConfiguration
                {
                    // What the collector does not read would be written in vain.
                    Textfile = section.Text(
                        "textfile",
                        defaults.Metrics.Textfile,
                        value =>
                            value.Length == 0 || (value.StartsWith('/') && value.EndsWith(".prom", StringComparison.Ordinal))
                                ? null
                                : "is not the absolute path of a file that ends in .prom"
                    ),
                }
            ),
        };
        root.RefuseUnknownKeys();

        var eviction = configuration.Eviction;
        if (eviction.Deadline >= configuration.Controller.Deadline)
            root.RefuseFirstSet(
                ["eviction.deadline", "controller.deadline"],
                $"eviction.deadline ({BeBiDa.Duration.Format(eviction.Deadline)}) must be shorter than controller.deadline ({BeBiDa.Duration.Format(configuration.Controller.Deadline)})"
            );
        if (eviction.GracePeriod >= eviction.Deadline)
            root.RefuseFirstSet(
                ["eviction.gracePeriod", "eviction.deadline"],
                $"eviction.gracePeriod ({BeBiDa.Duration.Format(eviction.GracePeriod.Value)}) must be shorter than eviction.deadline ({BeBiDa.Duration.Format(eviction.Deadline)})"
            );
        if (configuration.Nodes is { ReadyWhen.Count: > 0, WaitUntilReady: false })
            root.RefuseFirstSet(["nodes.readyWhen"], "nodes.readyWhen does nothing without nodes.waitUntilReady: true");
        if (configuration is { Nodes.Linger.Ticks: > 0, Kubernetes.RemoveNode: true })
            root.RefuseFirstSet(["nodes.linger"], "nodes.linger keeps nodes that kubernetes.removeNode: true removes");
        return configuration;
    }

    // Slurm runs its programs without a PATH.
    private static string? IsAbsolute(string path) =>
        path.Length == 0 || path.StartsWith('/') ? null : "is not the absolute path of a program";

    private static OnState OnState(ConfigurationSection section, string key, OnState missing) =>
        section.Choice(
            key,
            missing,
            ("ignore", Configuration.OnState.Ignore),
            ("hold", Configuration.OnState.Hold),
            ("evict", Configuration.OnState.Evict)
        );

    // systemd.unit(5): a name, for a template its instance, and a type, which systemctl would add by itself and systemd's own
    // interface does not.
    private static string? IsUnit(string name) =>
        name.Length <= LongestUnit
        && name.LastIndexOf('.') is var dot and > 0
        && UnitTypes.Contains(name[dot..])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || ":-_.\\@".Contains(c, StringComparison.Ordinal))
        && name.IndexOf('@', StringComparison.Ordinal) is var at
        && at != 0
        && at != dot - 1
            ? null
            : $"is not the name of a systemd unit such as kubelet.service (types: {string.Join(", ", UnitTypes)})";

    // kubernetes.io/docs/concepts/overview/working-with-objects/labels: an optional DNS name and a slash, and a name.
    private static string? IsLabelOrEmpty(string key) =>
        IsQualified(key) ? null : "is not the name of a label such as bebida.io/maintenance";

    private static string? IsResource(string name) => IsQualified(name) ? null : "is not the name of a resource such as nvidia.com/gpu";

    private static bool IsQualified(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        return Cluster.MaintenanceMark.IsLabel(key[(slash + 1)..])
            && !key.EndsWith('/')
            && slash is < 0 or > 0 and <= 253
            && (slash < 0 || key[..slash].All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.'));
    }

    private const int LongestUnit = 255;

    private static string? IsBelowTheRoot(string path) =>
        path.Split('/').All(part => part is not ("" or "." or ".."))
            ? null
            : "is not a path below the cgroup file system's root, such as kubepods.slice";

    private static readonly string[] UnitTypes = [".service", ".socket", ".slice", ".scope", ".target", ".timer", ".path"];
}
