namespace BeBiDa.Configuration;

/// <summary>All that a site can set in bebida.yaml. The values here are the defaults.</summary>
public sealed record BebidaConfiguration
{
    /// <summary>How to reach Kubernetes.</summary>
    public KubernetesConfiguration Kubernetes { get; init; } = new();

    /// <summary>What slurmctld's side does.</summary>
    public ControllerConfiguration Controller { get; init; } = new();

    /// <summary>How pods leave.</summary>
    public EvictionConfiguration Eviction { get; init; } = new();

    /// <summary>Which jobs take nodes from Kubernetes.</summary>
    public JobsConfiguration Jobs { get; init; } = new();

    /// <summary>Which nodes are lent, and what Kubernetes calls them.</summary>
    public NodesConfiguration Nodes { get; init; } = new();

    /// <summary>What Slurm's states of nodes mean in Kubernetes.</summary>
    public SlurmConfiguration Slurm { get; init; } = new();

    /// <summary>What is done on each node itself.</summary>
    public NodeConfiguration Node { get; init; } = new();

    /// <summary>What is told to Prometheus.</summary>
    public MetricsConfiguration Metrics { get; init; } = new();

    /// <summary>Keys of an earlier release that do nothing any more; the rest of the file is valid.</summary>
    public IReadOnlyList<ConfigurationProblem> Outdated { get; init; } = [];
}

/// <summary>The section <c>metrics</c>: read by slurmctld's side.</summary>
public sealed record MetricsConfiguration
{
    /// <summary>Path of a file for node_exporter's textfile collector, absolute, ending in .prom; empty for none.</summary>
    public string Textfile { get; init; } = "";
}

/// <summary>The section <c>kubernetes</c>.</summary>
public sealed record KubernetesConfiguration
{
    /// <summary>Path of the kubeconfig; the one key that a site must set.</summary>
    public string Kubeconfig { get; init; } = "";

    /// <summary>The kubeconfig's context; empty for its current-context.</summary>
    public string Context { get; init; } = "";

    /// <summary>How many requests may be under way at once, 1 to 512; of writes to Nodes, a quarter of that.</summary>
    public int MaxInFlight { get; init; } = 64;

    /// <summary>How long one request may take before it is tried again, 100 ms to 5 min.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether each hand-over leaves a Kubernetes Event on the Node.</summary>
    public bool Events { get; init; } = true;

    /// <summary>How long a process that ends goes on writing Events. Not a site's to choose: it depends on the process.</summary>
    internal TimeSpan EventsPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether the Node object itself is deleted when a job has taken the node; its kubelet registers it anew after the job.</summary>
    public bool RemoveNode { get; init; }
}

/// <summary>What becomes of a job whose nodes could not be taken from Kubernetes.</summary>
public enum OnFailure
{
    /// <summary>The job starts: HPC comes first.</summary>
    Start,

    /// <summary>Slurm requeues the job (a batch job; an interactive one ends).</summary>
    Requeue,
}

/// <summary>The section <c>controller</c>; the C shim reads it too.</summary>
public sealed record ControllerConfiguration
{
    /// <summary>How long a job waits for its nodes at most, 1 s to 1 h.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What becomes of the job after that.</summary>
    public OnFailure OnFailure { get; init; } = OnFailure.Start;

    /// <summary>How often slurmctld's side compares the holds of all nodes with Slurm's jobs, 1 s to 1 h.</summary>
    public TimeSpan ReconcileInterval { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary>What is done at the eviction deadline with a pod that is still there.</summary>
public enum AtDeadline
{
    /// <summary>The pod stays, and the job starts: the node's own prolog ends its processes.</summary>
    Leave,

    /// <summary>The pod is deleted, past its disruption budget or without waiting for its kubelet: HPC comes first.</summary>
    Delete,

    /// <summary>The pod stays, and the hand-over fails.</summary>
    Fail,
}

/// <summary>The section <c>eviction</c>.</summary>
public sealed record EvictionConfiguration
{
    /// <summary>The grace that evicted pods get instead of their own; null leaves each pod its own (<c>pod</c> in the file).</summary>
    public TimeSpan? GracePeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long pods may take to leave in all, before <see cref="OnBudget"/> and <see cref="OnStuck"/> apply; 1 s to 1 h.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>What is done with a pod whose eviction is still refused, by a PodDisruptionBudget or anything else, or not answered, at the deadline: delete it or fail.</summary>
    public AtDeadline OnBudget { get; init; } = AtDeadline.Delete;

    /// <summary>What is done with a pod that is still terminating, past its grace, at the deadline: delete it without grace or fail.</summary>
    public AtDeadline OnStuck { get; init; } = AtDeadline.Delete;

    /// <summary>The same for a pod of a StatefulSet or with volumes of claims, where a second one could start beside it: leave, delete or fail.</summary>
    public AtDeadline OnStuckStateful { get; init; } = AtDeadline.Leave;

    /// <summary>How long a job waits until kubelet has unmounted the volumes of the pods that left, so that they can be attached elsewhere; 0 s to 5 min.</summary>
    public TimeSpan VolumeTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Whether pods without a controller are evicted too (they do not come back); kubectl drain's <c>--force</c>.</summary>
    public bool Force { get; init; } = true;

    /// <summary>Whether pods with an emptyDir volume are evicted too (its data is lost); kubectl drain's <c>--delete-emptydir-data</c>.</summary>
    public bool DeleteEmptyDirData { get; init; } = true;
}

/// <summary>The section <c>jobs</c>.</summary>
public sealed record JobsConfiguration
{
    /// <summary>Partitions (patterns with <c>*</c> and <c>?</c>) whose jobs take nodes.</summary>
    public IReadOnlyList<string> Partitions { get; init; } = ["*"];

    /// <summary>Names (patterns) of jobs that ask to leave Kubernetes alone, as <c>--bebida=keep</c> does.</summary>
    public IReadOnlyList<string> IgnoreNames { get; init; } = ["BEBIDA_NOOP*"];

    /// <summary>Whose jobs get what they ask for.</summary>
    public MayKeepConfiguration MayKeep { get; init; } = new();
}

/// <summary>The section <c>jobs.mayKeep</c>: any one of the three is enough.</summary>
public sealed record MayKeepConfiguration
{
    /// <summary>Names (patterns) of users.</summary>
    public IReadOnlyList<string> Users { get; init; } = ["root"];

    /// <summary>Slurm accounts (patterns), for whoever may use them.</summary>
    public IReadOnlyList<string> Accounts { get; init; } = [];

    /// <summary>Partitions (patterns), for whoever may use them.</summary>
    public IReadOnlyList<string> Partitions { get; init; } = [];
}

/// <summary>The section <c>nodes</c>.</summary>
public sealed record NodesConfiguration
{
    /// <summary>Slurm nodes (patterns) that are lent.</summary>
    public IReadOnlyList<string> Include { get; init; } = ["*"];

    /// <summary>Slurm nodes (patterns) that are not, whatever <see cref="Include"/> says.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>The Kubernetes name of a Slurm node; <c>{node}</c> stands for Slurm's name.</summary>
    public string Template { get; init; } = "{node}";

    /// <summary>A label of the Kubernetes Node whose value is Slurm's name; goes before <see cref="Template"/>. Empty for none.</summary>
    public string Label { get; init; } = "";

    /// <summary>Kubernetes' name by Slurm's name; goes before everything else.</summary>
    public IReadOnlyDictionary<string, string> Map { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether Slurm's power saving leaves nodes on while they have pods; needs Slurm 23.02.</summary>
    public bool KeepAwake { get; init; }

    /// <summary>Whether a node that a job has left waits for its kubelet to report, before it gets pods again.</summary>
    public bool WaitUntilReady { get; init; }

    /// <summary>Resources that such a node must have too, as Kubernetes names them: those of device plugins.</summary>
    public IReadOnlyList<string> ReadyWhen { get; init; } = [];

    /// <summary>How long a node waits so, 20 s to 1 h.</summary>
    public TimeSpan ReadyTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a node that a job has left is kept for the next one, 0 s to 5 min.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.Zero;

    /// <summary>How long before a planned job starts its nodes are held, and their pods begin to leave, 0 s to 1 h; 0 s for never.</summary>
    public TimeSpan Lead { get; init; } = TimeSpan.Zero;

    /// <summary>How many idle nodes stay with Slurm, by the patterns of Slurm's names (with commas) whose nodes they are; 1 to 10,000.</summary>
    public IReadOnlyDictionary<string, int> KeepFree { get; init; } = new Dictionary<string, int>();

    /// <summary>Whether the label bebida.io/free-seconds tells how long a node stays free.</summary>
    public bool FreeSeconds { get; init; }

    /// <summary>A label of the Kubernetes Node that asks for its maintenance, with the reason as its value. Empty for none.</summary>
    public string MaintenanceLabel { get; init; } = "bebida.io/maintenance";
}

/// <summary>What a state of a Slurm node means in Kubernetes.</summary>
public enum OnState
{
    /// <summary>Nothing.</summary>
    Ignore,

    /// <summary>The node gets no new pods; those that run stay.</summary>
    Hold,

    /// <summary>The node gets no new pods, and those that run leave.</summary>
    Evict,
}

/// <summary>The section <c>slurm</c>.</summary>
public sealed record SlurmConfiguration
{
    /// <summary>How often slurmctld's side looks at the states of Slurm's nodes, 1 s to 10 min.</summary>
    public TimeSpan LookInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Nodes in a reservation with the flag MAINT, or in one that begins within <see cref="MaintenanceLead"/>. Until it begins,
    /// pods have their own grace, and budgets are respected.
    /// </summary>
    public OnState Maintenance { get; init; } = OnState.Evict;

    /// <summary>How long before a maintenance reservation pods begin to leave, 0 s to 7 days.</summary>
    public TimeSpan MaintenanceLead { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Nodes that are FAIL or FAILING.</summary>
    public OnState Fail { get; init; } = OnState.Evict;

    /// <summary>Nodes that are DOWN: slurmd, or slurmctld's network, may be all that is.</summary>
    public OnState Down { get; init; } = OnState.Hold;

    /// <summary>Nodes that are DRAIN.</summary>
    public OnState Drain { get; init; } = OnState.Ignore;

    /// <summary>Reasons (patterns) for which the pods of a DOWN or DRAIN node leave, whatever the two say.</summary>
    public IReadOnlyList<string> BadReasons { get; init; } = ["NHC*", "health*"];

    /// <summary>Nodes whose reboot has been requested.</summary>
    public OnState Reboot { get; init; } = OnState.Evict;

    /// <summary>Nodes that power saving switches off, has switched off, or switches on.</summary>
    public OnState PowerSaving { get; init; } = OnState.Evict;

    /// <summary>How long the programs below wait for pods to leave, 1 s to 1 h.</summary>
    public TimeSpan PowerTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The site's own program that switches nodes off, run after BeBiDa's suspend-program; empty for none.</summary>
    public string SuspendProgram { get; init; } = "";

    /// <summary>The site's own program that switches nodes on, run after BeBiDa's resume-program; empty for none.</summary>
    public string ResumeProgram { get; init; } = "";

    /// <summary>The site's own program that reboots, run after BeBiDa's reboot-program or reboot-from-controller; empty for none.</summary>
    public string RebootProgram { get; init; } = "";
}

/// <summary>What becomes of pods' processes that are still on the node when kubelet has been stopped.</summary>
public enum LeftoverPods
{
    /// <summary>They are ended: first asked to, then killed.</summary>
    Stop,

    /// <summary>They are frozen until the last job has left; their memory stays taken.</summary>
    Freeze,

    /// <summary>They run on beside the job.</summary>
    Keep,
}

/// <summary>The section <c>node</c>: read on the nodes, by slurmd's plugin.</summary>
public sealed record NodeConfiguration
{
    /// <summary>systemd units, in the order in which they are stopped; they are started in the reverse one.</summary>
    public IReadOnlyList<string> Services { get; init; } = ["kubelet.service", "containerd.service"];

    /// <summary>How long all of them and the pods may take to stop, 1 s to 1 h.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an epilog waits for all of them to be up again, 1 s to 10 min.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>What becomes of pods that are still there.</summary>
    public LeftoverPods LeftoverPods { get; init; } = LeftoverPods.Stop;

    /// <summary>The cgroups that kubelet puts pods in, below the root of the cgroup file system.</summary>
    public IReadOnlyList<string> PodCgroups { get; init; } = ["kubepods.slice", "kubepods"];
}
