using BeBiDa.EmbeddedApi;
using k8s;
using k8s.Models;

namespace BeBiDa.Vm.Tests;

/// <summary>A machine with an agent of Kubernetes on it, which no eviction ends.</summary>
public abstract class VmTest(Kubernetes kind)
{
    /// <summary>The services of Kubernetes.</summary>
    protected const string Services = "kubelet.service containerd.service";

    private const string Default = "default";

    // What a job finds on its node. A shim or a mount is there only with a real kubelet.
    private const string Alone = """
        echo services: $(systemctl is-active kubelet containerd)
        echo pods: $(find /sys/fs/cgroup -path '*kubepods*' -name cgroup.procs -exec cat {} + | wc -l)
        echo shims: $(pgrep -c containerd-shim)
        echo volumes: $(grep -c -E 'tmpfs /var/lib/kubelet/|/sandboxes/[^ ]*/shm' /proc/mounts)
        """;

    /// <summary>What a job finds that has its node for itself.</summary>
    protected const string IsAlone = "services: inactive inactive\npods: 0\nshims: 0\nvolumes: 0\n";

    protected VmSite Site { get; private set; } = null!;

    protected VirtualMachine Machine => Site.Machine;

    /// <summary>Whether pods are containers, and not processes that a hollow kubelet has started.</summary>
    protected bool HasContainers => kind == Kubernetes.Real;

    internal static VmSiteOptions Options(Kubernetes kind, string kubelet) =>
        new()
        {
            Api = kind == Kubernetes.Real ? ApiServerKind.Real : ApiServerKind.Embedded,
            Kubelet = kind == Kubernetes.Real ? kubelet : null,
            Configuration = """
                eviction: {gracePeriod: 2s}
                controller: {reconcileInterval: 5s}
                node: {stopTimeout: 60s, startTimeout: 60s}

                """,
        };

    [OneTimeSetUp]
    public async Task HaveMachineAsync()
    {
        Site = await Machines.GetAsync(kind);
        await CreateAgentAsync();
    }

    [TearDown]
    public async Task LeaveNothingBehindAsync()
    {
        if (TestContext.CurrentContext.Result.Outcome.Status == NUnit.Framework.Interfaces.TestStatus.Failed)
        {
            TestContext.Out.WriteLine(await Site.ReadLogsAsync());
            // A prolog that failed has drained the machine, and all that follows would fail with it.
            await Site.Slurm.RunAsync("scontrol", ["update", $"NodeName={VmSite.Node}", "State=resume"]);
        }
        await Site.Slurm.RunAsync("scancel", ["--partition", VmSite.Exclusive]);
        await Site.Slurm.RunAsync("scancel", ["--partition", VmSite.Shared]);
        await Site.Client.CoreV1.DeleteCollectionNamespacedPodAsync(Default, labelSelector: "app=test", gracePeriodSeconds: 0);
        await ReturnsToKubernetesAsync();
    }

    /// <summary>Runs a job that looks around on its node.</summary>
    protected Task<string> LookAroundAsync() => RunAsync(VmSite.Exclusive, Alone);

    /// <summary>Runs a script as a job and returns what it wrote.</summary>
    protected async Task<string> RunAsync(string partition, string script, params string[] options) =>
        (await Site.Slurm.RunAsync("srun", ["-p", partition, "--chdir=/", .. options, "sh", "-c", script]))
            .EnsureSucceeded()
            .StandardOutput;

    /// <summary>Submits a job that sleeps.</summary>
    protected Task<int> SubmitAsync(params string[] options) =>
        Site.Slurm.SubmitAsync([
            "-p",
            VmSite.Exclusive,
            "--no-requeue",
            "--chdir=/",
            "--output=/run/job-%j",
            .. options,
            "--wrap",
            "echo began; exec sleep 600",
        ]);

    /// <summary>Submits such a job, and waits until it sleeps: to slurmctld it is running while its node's prolog still runs.</summary>
    protected async Task<int> StartAsync()
    {
        var job = await SubmitAsync();
        await EventuallyAsync(
            $"job {job} has begun",
            async () => (await Machine.ExecAsync(["cat", $"/run/job-{job}"])).StandardOutput == "began\n"
        );
        return job;
    }

    /// <summary>Waits until both sides have the machine back, and it remembers nothing of a job.</summary>
    protected async Task ReturnsToKubernetesAsync()
    {
        await Site.WaitUntilFreeAsync();
        await EventuallyAsync("its services run", async () => await ServicesAsync() == "active active");
        Assert.That(
            await Machine.ShellAsync("ls /run/bebida/jobs 2>/dev/null; cat /run/bebida/stopped 2>/dev/null; true"),
            Is.Empty,
            "what it remembers"
        );
        await EventuallyAsync(
            "the agent runs again, and nothing is frozen",
            async () => (await AgentProcessesAsync()).Count > 0 && !await IsFrozenAsync()
        );
    }

    /// <summary>"active active" while Kubernetes has the machine.</summary>
    protected async Task<string> ServicesAsync() =>
        (await Machine.ExecAsync(["sh", "-c", $"echo $(systemctl is-active {Services})"])).StandardOutput.Trim();

    /// <summary>The processes of the agent, by their start times: each has one of its own.</summary>
    protected async Task<IReadOnlyList<string>> AgentProcessesAsync() =>
        [
            .. (
                await Machine.ShellAsync(
                    "for p in $(find /sys/fs/cgroup/kubepods.slice -name cgroup.procs -exec cat {} + 2>/dev/null); do tr '\\0' ' ' </proc/$p/cmdline | grep -q '4711' && cut -d' ' -f1,22 /proc/$p/stat; done; true"
                )
            ).Split('\n', StringSplitOptions.RemoveEmptyEntries),
        ];

    protected async Task<bool> IsFrozenAsync() =>
        (await Machine.ShellAsync("cat /sys/fs/cgroup/kubepods.slice/cgroup.events 2>/dev/null; true")).Contains(
            "frozen 1",
            StringComparison.Ordinal
        );

    /// <summary>Runs a pod on the machine that does not end when it is told to, within a minute.</summary>
    protected async Task RunStubbornPodAsync(string name)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                Labels = new Dictionary<string, string> { ["app"] = "test" },
            },
            Spec = Spec(),
        };
        pod.Metadata.Annotations = new Dictionary<string, string> { ["hollow/ignore-termination"] = "true" };
        pod.Spec.NodeName = VmSite.Node;
        await Site.Client.CoreV1.CreateNamespacedPodAsync(pod, Default);
        await EventuallyAsync($"pod {name} runs", async () => (await PodAsync(name))?.Status?.Phase == "Running");
    }

    /// <summary>A pod, or null when it is gone.</summary>
    protected async Task<V1Pod?> PodAsync(string name) =>
        (await Site.Client.CoreV1.ListNamespacedPodAsync(Default)).Items.FirstOrDefault(pod => pod.Metadata.Name == name);

    protected static Task EventuallyAsync(string what, Func<Task<bool>> condition) => VmSite.EventuallyAsync(what, _ => condition());

    private async Task CreateAgentAsync()
    {
        if ((await Site.Client.AppsV1.ListNamespacedDaemonSetAsync(Default)).Items.Count > 0)
            return;
        var labels = new Dictionary<string, string> { ["app"] = "agent" };
        var spec = Spec();
        spec.Containers[0].VolumeMounts = [new V1VolumeMount { Name = "memory", MountPath = "/tmp" }];
        spec.Volumes =
        [
            new V1Volume
            {
                Name = "memory",
                EmptyDir = new V1EmptyDirVolumeSource { Medium = "Memory" },
            },
        ];
        await Site.Client.AppsV1.CreateNamespacedDaemonSetAsync(
            new V1DaemonSet
            {
                Metadata = new V1ObjectMeta { Name = "agent" },
                Spec = new V1DaemonSetSpec
                {
                    Selector = new V1LabelSelector { MatchLabels = labels },
                    Template = new V1PodTemplateSpec
                    {
                        Metadata = new V1ObjectMeta { Labels = labels },
                        Spec = spec,
                    },
                },
            },
            Default
        );
        await EventuallyAsync("the agent runs", async () => (await AgentProcessesAsync()).Count > 0);
    }

    // The first process of a container has no handler for SIGTERM, and so ignores it.
    private static V1PodSpec Spec() =>
        new()
        {
            Containers =
            [
                new V1Container
                {
                    Name = "c",
                    Image = "bebida.test/pod:1",
                    ImagePullPolicy = "Never",
                    Command = ["sleep", "4711000"],
                },
            ],
            AutomountServiceAccountToken = false,
        };
}
