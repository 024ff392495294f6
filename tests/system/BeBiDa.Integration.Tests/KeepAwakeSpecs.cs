using k8s;

namespace BeBiDa.Site.Tests;

/// <summary>Power saving that leaves nodes on while they have pods; Slurm can be told so from 23.02 on.</summary>
[TestFixtureSource(typeof(SlurmReleases), nameof(SlurmReleases.From2311))]
[Category("Core")]
internal sealed class KeepAwakeSpecs(Version release) : SiteTest
{
    private readonly Machines machines = new();
    private PodObserver pods = null!;

    protected override SiteOptions Options =>
        new()
        {
            Nodes = 3,
            Configuration =
                "controller: {reconcileInterval: 1h}\nnodes: {keepAwake: true}\n"
                + $"slurm: {{lookInterval: 1s, suspendProgram: {machines.Own("off")}, resumeProgram: {machines.Own("on")}}}\n",
            Slurm = slurm =>
                slurm with
                {
                    ExtraConfiguration =
                    [
                        $"SuspendProgram={machines.Program("suspend-program", "off")}",
                        $"ResumeProgram={machines.Program("resume-program", "on")}",
                        "SuspendExcNodes=n3",
                        $"SuspendExcParts={SlurmCluster.ExclusivePartition},{SlurmCluster.SharedPartition}",
                        "SuspendTime=20",
                        "SuspendTimeout=5",
                        "ResumeTimeout=120",
                    ],
                },
        };

    [OneTimeSetUp]
    public void StartMachines()
    {
        TestContext.Progress.WriteLine($"on Slurm {release}");
        pods = new PodObserver(Site.Client);
        machines.Start(Site, pods);
    }

    [OneTimeTearDown]
    public async Task StopMachinesAsync()
    {
        await machines.DisposeAsync();
        await pods.DisposeAsync();
    }

    [Test]
    public async Task A_node_with_a_pod_stays_on_until_the_pod_has_left_and_what_slurm_conf_lists_stays_listed()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("busy", "n1"));
        await KeptOnAsync("n[1,3]");
        (await Slurm.RunAsync("scontrol", ["update", "SuspendExcParts="])).EnsureSucceeded();
        // As long idle in Slurm as n1.
        await DoneAsync("off n2");
        await Site.Client.CoreV1.DeleteNamespacedPodAsync("busy", Workloads.Namespace);
        await KeptOnAsync("n3");
        await DoneAsync("off n1");
        Assert.That(machines.Done, Is.EqualTo(new[] { "off n2", "off n1" }));
        Assert.That(machines.Cut, Is.Empty);

        foreach (var node in new[] { "n1", "n2" })
        {
            await Eventually.HoldsAsync($"{node} is off", Patience, async _ => (await ShowAsync("node", node)).Contains("POWERED_DOWN"));
            (await Slurm.RunAsync("scontrol", ["update", $"NodeName={node}", "State=power_up"])).EnsureSucceeded();
        }
        await Site.WaitUntilFreeAsync();
    }

    private Task KeptOnAsync(string nodes) =>
        Eventually.HoldsAsync(
            $"SuspendExcNodes is {nodes}",
            Patience,
            async _ =>
                (await ShowAsync("config"))
                    .Split('\n')
                    .Any(line =>
                        line.StartsWith("SuspendExcNodes", StringComparison.Ordinal)
                        && line.EndsWith($"= {nodes}", StringComparison.Ordinal)
                    )
        );

    private Task DoneAsync(string what) => Eventually.HoldsAsync(what, Patience, _ => Task.FromResult(machines.Done.Contains(what)));

    private async Task<string> ShowAsync(params string[] what) => (await Slurm.RunAsync("scontrol", ["show", .. what])).StandardOutput;
}
