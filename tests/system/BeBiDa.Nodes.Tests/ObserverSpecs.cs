using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace BeBiDa.Nodes.Tests;

/// <summary>An observer lists all that is on a node: before Kubernetes was there, beside jobs, and after them.</summary>
[TestFixtureSource(typeof(NodeKinds), nameof(NodeKinds.RealOnly))]
public partial class ObserverSpecs(NodeKind kind) : NodesTest(kind)
{
    private const string Node = "n3";

    // By hand: BEBIDA_JOBS=100 dotnet test … In every run there is time for a few only.
    private static readonly int s_jobs = int.Parse(Environment.GetEnvironmentVariable("BEBIDA_JOBS") ?? "5", CultureInfo.InvariantCulture);

    // What a job may find of Kubernetes, and why.
    private static readonly (Regex What, string Why)[] s_allowed =
    [
        (KubeletFolder(), "kubelet mounts its folder on itself as it starts, so that mounts in it propagate: it takes no memory"),
        (PodCgroup(), "folders of pods' cgroups, without a process: kubelet removes them with the pods"),
        (UnitCgroup(), "folders of stopped units' cgroups, without a process: systemd removes them, on a busy host a moment later"),
        (Zombie(), "processes that have ended: systemd clears them away, on a busy host a moment later"),
        (Bridge(), "CNI's bridge, without a port: CNI makes it once for all pods"),
        (Address(), "addresses of pods that the node ended, noted in files: the runtime gives them back when kubelet removes the pods"),
    ];

    private PodsOfFourKinds pods = null!;
    private Inventory bare = null!;
    private Inventory before = null!;

    [OneTimeSetUp]
    public async Task ObserveNodeBeforeItsFirstJobAsync()
    {
        pods = new PodsOfFourKinds(Lab, Node);
        await StartWithoutKubernetesAsync();
        bare = await SettledAsync();
        await StartKubernetesAsync();
        await FreeAsync();
        await pods.PlaceAsync();
        before = await SettledAsync();
        await pods.RemoveAsync();
        await LeaveNothingBehindAsync();
    }

    [TearDown]
    public Task RemovePodsAsync() => pods.RemoveAsync();

    [Test]
    public async Task Nothing_of_Kubernetes_is_on_a_node_while_a_job_runs([Values] bool apiAnswers)
    {
        await pods.PlaceAsync();
        if (!apiAnswers)
            await Lab.CutApiAsync();
        try
        {
            var job = await SubmitObserverAsync();
            Assert.That(await ViolationsAsync(job), Is.Empty);
        }
        finally
        {
            await Lab.HealApiAsync();
        }
    }

    [Test]
    public async Task A_job_that_keeps_Kubernetes_is_seen_beside_all_of_it()
    {
        await pods.PlaceAsync();
        var job = await SubmitObserverAsync("--bebida=keep");
        var violations = await ViolationsAsync(job);
        Assert.That(
            violations.Select(line => line.Split(' ')[0]).Distinct(),
            Is.EquivalentTo(new[] { "interface", "mount", "namespace", "port", "process", "unit" })
        );
        foreach (var process in new[] { "containerd", "containerd-shim", "kubelet", "sh" })
            Assert.That(violations, Does.Contain($"process {process}"));
    }

    [Test]
    public async Task A_minute_after_a_job_the_node_is_as_it_was_before_its_first_job()
    {
        await pods.PlaceAsync();
        await ViolationsAsync(await SubmitObserverAsync());
        await IsAsBeforeAsync();
    }

    [Test]
    public async Task Jobs_back_to_back_never_meet_a_pod_and_leave_the_node_as_it_was()
    {
        var violations = new List<string>();
        var clock = Stopwatch.StartNew();
        for (var done = 0; done < s_jobs; )
        {
            await pods.PlaceAsync();
            var jobs = new List<int>();
            for (var i = 0; i < Math.Min(5, s_jobs - done); i++)
                jobs.Add(await SubmitObserverAsync());
            foreach (var job in jobs)
                violations.AddRange(await ViolationsAsync(job));
            done += jobs.Count;
        }
        TestContext.Out.WriteLine($"{s_jobs} jobs in {clock.Elapsed.TotalSeconds:0} s, {violations.Count} violations");
        Assert.That(violations, Is.Empty);
        await IsAsBeforeAsync();
    }

    // A job of root's, which lists all that is on its node as it starts and a second later, and first the units that run.
    private Task<int> SubmitObserverAsync(params string[] arguments) =>
        Lab.SubmitAsync([
            "-w",
            Node,
            "--output=/home/observed-%j",
            .. arguments,
            "--wrap",
            $"for i in kubelet containerd; do ! systemctl is-active --quiet $i || echo unit $i; done; for i in 1 2; do echo inventory; {Inventory.Program}; sleep 1; done; echo end",
        ]);

    /// <summary>Waits for the end of a job that lists what is on its node, and says what of it should not be.</summary>
    private async Task<IReadOnlyList<string>> ViolationsAsync(int job)
    {
        var written = "";
        await EventuallyAsync(
            $"job {job} has observed its node",
            async () =>
            {
                await pods.RenewBareAsync();
                written = (await Lab.ExecAsync(ContainerLab.Controller, ["cat", $"/home/observed-{job}"])).StandardOutput;
                return written.EndsWith("\nend\n", StringComparison.Ordinal);
            }
        );
        var parts = written[..^"end\n".Length].Split("inventory\n");
        var violations = parts[0].Split('\n', StringSplitOptions.RemoveEmptyEntries).ToList();
        // The kernel removes the interfaces of a network namespace that is gone in its own time, on a busy host a moment later: what
        // counts is whether they are there a second after that.
        foreach (var (part, isFirst) in parts[1..].Select((part, i) => (part, i == 0)))
            violations.AddRange(
                Inventory
                    .Parse(part)
                    .Beyond(bare)
                    .Where(line => !s_allowed.Any(allowed => allowed.What.IsMatch(line)) && !(isFirst && PodInterface().IsMatch(line)))
            );
        return violations;
    }

    /// <summary>At most a minute after the node is Ready again, with the same pods on it.</summary>
    private async Task IsAsBeforeAsync()
    {
        await FreeUpAsync();
        await pods.PlaceAsync();
        IReadOnlyList<string> difference = [];
        await Eventually.HoldsAsync(
            $"{Node} is as before its first job",
            TimeSpan.FromMinutes(1),
            async _ => (difference = (await Inventory.TakeAsync(Lab, Node)).DifferenceTo(before)).Count == 0,
            explain: () => string.Join('\n', difference)
        );
    }

    private Task FreeUpAsync() =>
        EventuallyAsync(
            $"{Node} is Ready and schedulable",
            async () => (await Lab.ReadyNodesAsync()).Contains(Node) && await IsSchedulableAsync(Node)
        );

    // What has just started may have helpers that end.
    private async Task<Inventory> SettledAsync()
    {
        var last = await Inventory.TakeAsync(Lab, Node);
        await EventuallyAsync(
            $"what is on {Node} no longer changes",
            async () =>
            {
                await Task.Delay(TimeSpan.FromSeconds(2));
                var now = await Inventory.TakeAsync(Lab, Node);
                var difference = now.DifferenceTo(last);
                last = now;
                return difference.Count == 0;
            }
        );
        return last;
    }

    private async Task StartWithoutKubernetesAsync()
    {
        await ShellAsync(
            """
            for unit in kubelet containerd images; do
                mkdir -p "/etc/systemd/system/$unit.service.d"
                printf '[Unit]\nConditionPathExists=/never\n' >"/etc/systemd/system/$unit.service.d/never.conf"
            done
            """
        );
        await Lab.RebootAsync(Node);
    }

    private Task StartKubernetesAsync() =>
        ShellAsync("rm /etc/systemd/system/*.service.d/never.conf; systemctl daemon-reload; systemctl start containerd kubelet");

    private async Task ShellAsync(string script) => (await Lab.ExecAsync(Node, ["bash", "-ec", script])).EnsureSucceeded();

    [GeneratedRegex("^interface veth")]
    private static partial Regex PodInterface();

    [GeneratedRegex(@"^mount /var/lib/kubelet \S+$")]
    private static partial Regex KubeletFolder();

    [GeneratedRegex(@"^cgroup (\S+/)?kubepods(\.slice)?(/\S+)?$")]
    private static partial Regex PodCgroup();

    [GeneratedRegex(@"^cgroup (\S+/)?system\.slice/(kubelet|containerd)\.service$")]
    private static partial Regex UnitCgroup();

    [GeneratedRegex("^zombie ")]
    private static partial Regex Zombie();

    [GeneratedRegex("^interface cni0$")]
    private static partial Regex Bridge();

    [GeneratedRegex("^address ")]
    private static partial Regex Address();
}
