using System.Globalization;
using System.Xml.Linq;
using BeBiDa.Lab;

namespace BeBiDa.Tests;

public sealed class TimelineSpecs : ToolTest
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private const string Log = """
        [2026-01-31T08:00:00.000] slurmctld version 22.05.8 started on cluster lab
        [2026-01-31T08:00:12.000] bebida: job 41: taken event=decommission outcome=done job=41 ms=2000 nodes=n[1-2] pods=5
        [2026-01-31T08:00:20.000] error: bebida: job 42: late event=decommission outcome=timeout job=42 ms=5000 nodes=n10
        [2026-01-31T08:00:24.000] bebida: job 42: taken event=decommission outcome=done job=42 ms=9000 nodes=n10 pods=1
        [2026-01-31T08:00:41.000] bebida: job 41: given back event=recommission outcome=done job=41 ms=1000 nodes=n[1-2]
        [2026-01-31T08:00:50.000] bebida: job 43: canceled event=decommission outcome=superseded job=43 ms=500 nodes=n1 pods=0
        [2026-01-31T08:00:51.000] bebida: job 43: given back event=recommission outcome=done job=43 ms=100 nodes=n1
        [2026-01-31T08:00:52.000] bebida: job 42: released event=release outcome=done job=42 ms=3 nodes=n10

        """;

    [Test]
    public async Task A_log_becomes_a_picture_of_who_had_which_node_when()
    {
        var log = Add("slurmctld.log", Log);
        Configure("", kubeconfig: PathOf("nowhere"));
        var drawn = await RunAsync(InBerlin, "timeline", "--log", log, "--since", "2026-01-31T08:00", "--until", "2026-01-31T08:01");
        Exits(drawn, 0);
        Assert.That(drawn.StandardError, Does.StartWith("bebidactl: drawn from --log only: "));
        var stretches = Stretches(drawn.StandardOutput);
        Assert.That(
            stretches,
            Is.EqualTo(
                new[]
                {
                    "n1: Kubernetes 08:00:00.000 to 08:00:10.000, 10.0 s",
                    "n1: in between, for job 41 08:00:10.000 to 08:00:12.000, 2.0 s",
                    "n1: Slurm: job 41 08:00:12.000 to 08:00:40.000, 28.0 s",
                    "n1: in between, for job 41 08:00:40.000 to 08:00:41.000, 1.0 s",
                    "n1: Kubernetes 08:00:41.000 to 08:00:49.500, 8.5 s",
                    "n1: in between, for job 43 08:00:49.500 to 08:00:51.000, 1.5 s",
                    "n1: Kubernetes 08:00:51.000 to 08:01:00.000, 9.0 s",
                    "n10: Kubernetes 08:00:00.000 to 08:00:15.000, 15.0 s",
                    "n10: in between, for job 42 08:00:15.000 to 08:00:24.000, 9.0 s",
                    "n10: Slurm: job 42 08:00:24.000 to 08:00:52.000, 28.0 s",
                    "n10: Kubernetes 08:00:52.000 to 08:01:00.000, 8.0 s",
                    "n2: Kubernetes 08:00:00.000 to 08:00:10.000, 10.0 s",
                    "n2: in between, for job 41 08:00:10.000 to 08:00:12.000, 2.0 s",
                    "n2: Slurm: job 41 08:00:12.000 to 08:00:40.000, 28.0 s",
                    "n2: in between, for job 41 08:00:40.000 to 08:00:41.000, 1.0 s",
                    "n2: Kubernetes 08:00:41.000 to 08:01:00.000, 19.0 s",
                }
            )
        );
        Assert.That(
            Texts(drawn.StandardOutput),
            Does.Contain("31 January 2026, 08:00:00 to 08:01:00, Europe/Berlin (UTC+01:00) · 3 nodes, 3 jobs")
                .And.Contain("41")
                .And.Contain("08:00:30")
        );
        Assert.That(Texts(drawn.StandardOutput).Where(t => t.StartsWith('n')), Is.EqualTo(new[] { "n1", "n2", "n10" }));
    }

    [Test]
    public async Task Kubernetes_own_Events_and_holds_are_enough()
    {
        await RunPodAsync("a", "n1");
        Exits(await RunAsync("decommission", "--job", "7", "--nodes", "n1,n2"), 0);
        Exits(await RunAsync("recommission", "--job", "7", "--nodes", "n2"), 0);
        await EventsAsync(3);
        var drawn = await RunAsync("timeline", "--output", PathOf("now.svg"));
        Exits(drawn, 0);
        Assert.That(drawn.StandardOutput + drawn.StandardError, Is.Empty);
        var owners = Stretches(await File.ReadAllTextAsync(PathOf("now.svg")))
            .Select(s => s.Split(" 1")[0].Split(" 2")[0].Split(" 0")[0])
            .ToList();
        Assert.That(
            owners,
            Is.EqualTo(
                new[]
                {
                    "n1: Kubernetes",
                    "n1: in between, for job cluster.7",
                    "n1: Slurm: job cluster.7",
                    "n2: Kubernetes",
                    "n2: in between, for job cluster.7",
                    "n2: Slurm: job cluster.7",
                    "n2: in between, for job cluster.7",
                    "n2: Kubernetes",
                    "n3: Kubernetes",
                }
            )
        );
    }

    [Test]
    public async Task Whoever_may_not_read_Events_still_sees_what_is_held_now_and_reads_what_would_help()
    {
        Exits(await RunAsync("decommission", "--job", "7", "--nodes", "n1"), 0);
        await Kubectl.RunAsync("apply", "-f", Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "kubernetes", "rbac.yaml"));
        Configure("", Server.WriteKubeconfig("bebida"));
        var drawn = await RunAsync("timeline");
        Exits(drawn, 0);
        Assert.That(
            drawn.StandardError,
            Does.StartWith("bebidactl: drawn without Events, which this identity may not read (")
                .And.Contain("use an admin's --kubeconfig or a --log, or apply what bebidactl rbac --timeline prints")
        );
        Assert.That(Stretches(drawn.StandardOutput), Has.Some.StartsWith("n1: Slurm: job cluster.7"));

        var asAdmin = await RunAsync("timeline", "--kubeconfig", Server.AdminKubeconfig);
        Exits(asAdmin, 0);
        Assert.That(asAdmin.StandardError, Is.Empty);
        await Kubectl.RunAsync("apply", "-f", Path.Combine(PluginBuild.RepositoryRoot(), "packaging", "kubernetes", "rbac-timeline.yaml"));
        Assert.That((await RunAsync("timeline")).StandardError, Is.Empty);
    }

    [Test]
    public async Task Only_the_nodes_that_are_asked_for_are_drawn()
    {
        var drawn = await RunAsync("timeline", "--nodes", "n[1-2]", "--since", "10m");
        Exits(drawn, 0);
        Assert.That(Texts(drawn.StandardOutput).Where(t => t.StartsWith('n')), Is.EqualTo(new[] { "n1", "n2" }));
    }

    [Test]
    public async Task A_page_has_the_picture_and_its_hand_overs_as_a_table()
    {
        var drawn = await RunAsync(
            "timeline",
            "--log",
            Add("slurmctld.log", Log),
            "--since",
            "2026-01-31T08:00",
            "--until",
            "2026-01-31T08:01",
            "--output",
            PathOf("day.html")
        );
        Exits(drawn, 0);
        var page = await File.ReadAllTextAsync(PathOf("day.html"));
        Assert.That(
            page,
            Does.StartWith("<!doctype html>")
                .And.Contain("<svg ")
                .And.Contain("<td>41</td><td>n1</td><td>08:00:10.000</td><td>2.0 s</td><td>08:00:40.000</td><td>1.0 s</td>")
        );
    }

    [Test]
    public async Task What_others_have_written_into_Events_and_logs_draws_nothing_of_its_own()
    {
        await Kubectl.RunAsync(
            "create",
            "-f",
            Add(
                "event.yaml",
                """
                apiVersion: v1
                kind: Event
                metadata:
                  name: forged
                  namespace: default
                  annotations: {bebida.io/job: lab.9, bebida.io/began: "2026-01-31T08:00:00Z", bebida.io/ended: "2026-01-31T08:00:01Z"}
                involvedObject: {apiVersion: v1, kind: Node, name: n1, uid: n1}
                reason: SlurmDecommissioned
                message: "</title><script>alert(1)</script>"
                type: Normal
                """
            )
        );
        var drawn = await RunAsync("timeline", "--since", "2026-01-31T07:59:00Z", "--until", "2026-01-31T08:02:00Z");
        Exits(drawn, 0);
        Assert.That(drawn.StandardOutput, Does.Not.Contain("<script"));
        Assert.That(Stretches(drawn.StandardOutput), Has.Some.StartsWith("n1: Slurm: job lab.9"));

        var log = Add(
            "slurmctld.log",
            "[2026-01-31T08:00:00.000] sched: job named [2026-01-31T08:00:00.000] bebida: job 9: taken event=decommission outcome=done job=9 ms=1 nodes=n2\n"
        );
        Assert.That(
            Stretches(
                (
                    await RunAsync(
                        "timeline",
                        "--nodes",
                        "n2",
                        "--log",
                        log,
                        "--since",
                        "2026-01-31T07:59:00",
                        "--until",
                        "2026-01-31T08:02:00"
                    )
                ).StandardOutput
            ),
            Has.None.Contain("job")
        );
    }

    [TestCase("--since", "yesterday", "--since takes a time (08:00, 2026-01-31T08:00) or an age (30m, 2h)")]
    [TestCase("--log", "/nowhere/slurmctld.log", "--log: Could not find")]
    [TestCase("--output", "/nowhere/a.svg", "--output: Could not find")]
    public async Task A_mistake_is_named(string option, string value, string problem)
    {
        var result = await RunAsync("timeline", option, value);
        Exits(result, 2);
        Assert.That(result.StandardError, Does.StartWith($"bebidactl: {problem}"));
    }

    private Dictionary<string, string?> InBerlin => Environment(("TZ", "Europe/Berlin"));

    private Task EventsAsync(int count) =>
        Eventually.HoldsAsync(
            "the Events are written",
            Eventually.Patience,
            async _ =>
                (await Admin.GetAsync<k8s.Models.Corev1EventList>("api/v1/namespaces/default/events", default)).Items.Count(e =>
                    e.Source?.Component == "bebida"
                ) == count
        );

    // What the picture says of each stretch when it is pointed at, by node and time.
    private static IReadOnlyList<string> Stretches(string svg) =>
        [
            .. XDocument
                .Parse(svg)
                .Descendants(Svg + "rect")
                .Elements(Svg + "title")
                .Select(t => string.Join(' ', t.Value.Split('\n').Take(2)))
                .OrderBy(t => t.Split(':')[0], StringComparer.Ordinal)
                .ThenBy(t => TimeOf(t), StringComparer.Ordinal),
        ];

    private static string TimeOf(string stretch) =>
        stretch
            .Split(' ')
            .First(word =>
                TimeSpan.TryParse(word, CultureInfo.InvariantCulture, out _)
                && word.Contains('.', StringComparison.Ordinal)
                && word.Contains(':', StringComparison.Ordinal)
            );

    private static IReadOnlyList<string> Texts(string svg) => [.. XDocument.Parse(svg).Descendants(Svg + "text").Select(t => t.Value)];
}
