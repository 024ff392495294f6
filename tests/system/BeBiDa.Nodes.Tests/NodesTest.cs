using System.Globalization;
using k8s;

namespace BeBiDa.Nodes.Tests;

/// <summary>Three machines that all fixtures of a kind of node share, and what they ask of them.</summary>
[TestFixtureSource(typeof(NodeKinds), nameof(NodeKinds.Best))]
[Parallelizable(ParallelScope.Self)]
public abstract class NodesTest(NodeKind kind)
{
    /// <summary>The user whose wish to keep nodes is granted, as a member of physics.</summary>
    protected const string Alice = "alice";

    /// <summary>The user whose wish is not.</summary>
    protected const string Bob = "bob";

    protected const string Kubelet = "kubelet.service";
    protected const string Runtime = "containerd.service";

    // What a job finds on its node; fails unless it has the machine for itself.
    private const string Alone = """
        #!/bin/sh
        # A kubelet that is told to stop while it starts exits with an error: "failed" is as down as "inactive".
        kubelet=$(systemctl is-active kubelet | sed s/failed/inactive/)
        runtime=$(systemctl is-active containerd)
        pods=$(find /sys/fs/cgroup -path '*kubepods*' -name cgroup.procs -exec cat {} + | wc -l)
        echo "$(hostname) $kubelet $runtime $pods"
        [ "$kubelet $runtime $pods" = "inactive inactive 0" ]
        """;

    private static readonly TimeSpan Patience = Eventually.Patience;

    private ContainerLab? shared,
        own;

    /// <summary>A program of every job: is it alone on its node?</summary>
    protected static string IsAlone => "/home/alone.sh";

    protected ContainerLab Lab => own ?? shared!;

    /// <summary>A lab for this fixture alone, which it does not share with others of its kind but runs beside them.</summary>
    protected virtual ContainerLabOptions? OwnLab => null;

    /// <summary>What the nodes run.</summary>
    protected NodeKind Kind => kind;

    internal static ContainerLabOptions Options { get; } =
        new()
        {
            Spank = true,
            // Shorter than a site's, so that a test need not wait for them.
            Configuration = """
                controller: {deadline: 8s}
                slurm: {lookInterval: 1s}
                eviction: {deadline: 6s, gracePeriod: 2s}
                jobs:
                  mayKeep:
                    users: [root, alice]
                node:
                  stopTimeout: 40s
                  startTimeout: 5s

                """,
        };

    [OneTimeSetUp]
    public async Task TakeLabAsync()
    {
        if (OwnLab is { } options)
            own = await SharedLab.StartOwnAsync(options);
        else
            shared = await SharedLab.TakeAsync(kind);
    }

    [OneTimeTearDown]
    public async Task GiveLabBackAsync()
    {
        if (shared is not null)
            SharedLab.GiveBack(kind);
        if (own is not null)
            await SharedLab.EndOwnAsync(own);
    }

    [TearDown]
    public async Task LeaveNothingBehindAsync()
    {
        await Lab.SlurmAsync("scancel", ["--state=PENDING"]);
        await Lab.SlurmAsync("scancel", ["--state=RUNNING"]);
        // Also where a test failed before it did so itself: what is left would fail all later ones.
        foreach (var deployment in (await Lab.Client.AppsV1.ListNamespacedDeploymentAsync("default")).Items)
            await Lab.Client.AppsV1.DeleteNamespacedDeploymentAsync(deployment.Metadata.Name, "default", propagationPolicy: "Background");
        foreach (var agents in (await Lab.Client.AppsV1.ListNamespacedDaemonSetAsync("default")).Items)
            await Lab.Client.AppsV1.DeleteNamespacedDaemonSetAsync(agents.Metadata.Name, "default", propagationPolicy: "Background");
        await Lab.Client.CoreV1.DeleteCollectionNamespacedPodAsync("default", gracePeriodSeconds: 0);
        await FreeAsync();
    }

    internal static async Task PrepareAsync(ContainerLab lab)
    {
        (
            await lab.ExecAsync(ContainerLab.Controller, ["sh", "-c", "cat > /home/alone.sh && chmod 755 /home/alone.sh"], input: Alone)
        ).EnsureSucceeded();
    }

    /// <summary>Runs srun as a user; the job writes one line for each of its nodes.</summary>
    protected async Task<string[]> RunAsync(string user, params string[] arguments) =>
        [
            .. (await Lab.SlurmAsync("srun", arguments, user))
                .EnsureSucceeded()
                .StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>Submits a job that sleeps, and waits until it does: to slurmctld it is running while its nodes' prologs still run.</summary>
    protected async Task<int> StartAsync(string user, params string[] arguments)
    {
        var job = await Lab.SubmitAsync(
            [$"--output=/home/{user}/started-%j", .. arguments, "--wrap", "echo started; exec sleep 600"],
            user
        );
        await EventuallyAsync(
            $"job {job} has started",
            async () => (await Lab.ExecAsync(ContainerLab.Controller, ["cat", $"/home/{user}/started-{job}"])).StandardOutput == "started\n"
        );
        return job;
    }

    protected async Task CancelAsync(int job) => (await Lab.SlurmAsync("scancel", [$"{job}"])).EnsureSucceeded();

    /// <summary>Waits until both sides have every node back: idle, Ready, schedulable, no hold, nothing owed.</summary>
    protected async Task FreeAsync()
    {
        await Lab.WaitUntilReadyAsync();
        await EventuallyAsync(
            "no hold is left and every node is schedulable",
            async () =>
                (await HoldsAsync()).Count == 0 && (await Lab.Client.CoreV1.ListNodeAsync()).Items.All(n => n.Spec.Unschedulable != true)
        );
        IReadOnlyList<int> left = [];
        foreach (var node in Lab.Nodes)
            await Eventually.HoldsAsync(
                $"no process of a pod is left on {node}",
                Patience,
                async _ => (left = await Lab.PodProcessesAsync(node)).Count == 0,
                explain: () => $"There are still {string.Join(", ", left)} on a {Kind} node."
            );
        foreach (var node in Lab.Nodes)
            await RecoverAsync(node);
        foreach (var node in Lab.Nodes)
            Assert.That((await JobsOnAsync(node), await StoppedAsync(node)), Is.EqualTo(("", "")), $"what {node} still remembers");
    }

    // An epilog waits no longer than node.startTimeout, while systemd goes on with the start. That the service runs then, recovery
    // finds out minutes later: as an admin may, this asks it now.
    private async Task RecoverAsync(string node)
    {
        if (await StoppedAsync(node) == "")
            return;
        await ServicesBecomeAsync(node, "active active");
        await Lab.ExecAsync(node, ["rm", "-f", "/run/bebida/next-try"]);
        (await Lab.ExecAsync(node, ["systemctl", "start", "bebida-recover.service"])).EnsureSucceeded();
    }

    /// <summary>Reads what a log says from now on: the tests before this one may have had the machine say the same.</summary>
    protected async Task<Func<Task<string>>> LogFromNowAsync(string machine, string unit)
    {
        var before = (await Lab.ReadLogAsync(machine, unit)).Length;
        return async () => (await Lab.ReadLogAsync(machine, unit))[before..];
    }

    /// <summary>The holds on all nodes: "n1 lab.7".</summary>
    protected async Task<IReadOnlyList<string>> HoldsAsync() =>
        [
            .. (await Lab.Client.CoreV1.ListNodeAsync())
                .Items.SelectMany(node =>
                    (node.Metadata.Annotations ?? new Dictionary<string, string>())
                        .Where(a => a.Key.StartsWith("hold.bebida.io/", StringComparison.Ordinal))
                        .Select(a => $"{node.Metadata.Name} {a.Key["hold.bebida.io/".Length..]}")
                )
                .Order(StringComparer.Ordinal),
        ];

    protected async Task<bool> IsSchedulableAsync(string node) => (await Lab.NodeAsync(node)).Spec.Unschedulable != true;

    /// <summary>"active active" where Kubernetes has a node, "inactive inactive" where it does not.</summary>
    protected async Task<string> ServicesAsync(string node) =>
        $"{await Lab.UnitStateAsync(node, Kubelet)} {await Lab.UnitStateAsync(node, Runtime)}";

    protected Task ServicesBecomeAsync(string node, string states) =>
        EventuallyAsync($"kubelet and its runtime on {node} are {states}", async () => await ServicesAsync(node) == states);

    /// <summary>The jobs that a node remembers: "7 8".</summary>
    protected async Task<string> JobsOnAsync(string node) =>
        (await Lab.ExecAsync(node, ["sh", "-c", "ls /run/bebida/jobs 2>/dev/null | xargs"])).StandardOutput.Trim();

    /// <summary>The services that a node owes Kubernetes.</summary>
    protected async Task<string> StoppedAsync(string node) =>
        (await Lab.ExecAsync(node, ["sh", "-c", "cat /run/bebida/stopped 2>/dev/null | xargs"])).StandardOutput.Trim();

    /// <summary>When a unit was last stopped.</summary>
    protected async Task<DateTimeOffset> StoppedAtAsync(string node, string unit)
    {
        var shown = (
            await Lab.ExecAsync(node, ["systemctl", "show", "--timestamp=us+utc", "--property=InactiveEnterTimestamp", "--value", unit])
        )
            .EnsureSucceeded()
            .StandardOutput.Trim();
        return DateTimeOffset.ParseExact(
            shown,
            "ddd yyyy-MM-dd HH:mm:ss.ffffff 'UTC'",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal
        );
    }

    /// <summary>Runs a pod on a node.</summary>
    protected async Task RunPodAsync(string name, string node, double terminationSeconds = 0.2, bool ignoresTermination = false)
    {
        await Lab.Client.CoreV1.CreateNamespacedPodAsync(Pods.Pod(name, node, terminationSeconds, ignoresTermination), "default");
        await EventuallyAsync(
            $"pod {name} runs",
            async () => (await Lab.Client.CoreV1.ReadNamespacedPodAsync(name, "default")).Status?.Phase == "Running"
        );
    }

    protected static Task EventuallyAsync(string what, Func<Task<bool>> condition, TimeSpan? patience = null) =>
        Eventually.HoldsAsync(what, patience ?? Patience, _ => condition());
}
