using System.Globalization;
using k8s;

namespace BeBiDa.Site.Tests;

/// <summary>Pods leave before a planned job comes (nodes.lead): it finds its nodes empty.</summary>
[Category("Core")]
internal sealed class ForesightSpecs : SiteTest
{
    protected override SiteOptions Options =>
        new()
        {
            Nodes = 8,
            Configuration =
                "controller: {reconcileInterval: 2s}\nslurm: {lookInterval: 1s}\nnodes: {lead: 5m, freeSeconds: true}\n"
                + "eviction: {gracePeriod: 0s}\njobs:\n  mayKeep: {users: []}\n",
            Slurm = slurm =>
                slurm with
                {
                    ExtraConfiguration =
                    [
                        "SchedulerParameters=bf_interval=1,bf_resolution=1,sched_interval=1,sched_min_interval=0,batch_sched_delay=0",
                    ],
                },
        };

    // Jobs of one user tell how long the next will run, and so one test's tell nothing in the others.
    private static readonly Queue<string> Users = new(["daemon", "bin", "sys", "games", "man", "lp", "mail", "news", "uucp", "proxy"]);
    private string user = "";

    [SetUp]
    public void SetUp() => Users.Enqueue(user = Users.Dequeue());

    [TearDown]
    public async Task DeleteReservationAsync()
    {
        await CancelAllAsync();
        await Slurm.RunAsync("scontrol", ["delete", "ReservationName=lecture"]);
    }

    // n4 to n8 are idle, and one node more is needed. Backfill lets jobs end together whose ends are within a minute, and then n3 may be it.
    [Test]
    public async Task A_planned_job_finds_its_nodes_empty_and_each_pod_had_its_own_grace()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("slow", "n5", termination: "20"));
        await Workloads.RunAsync(Site.Client, Workloads.Pod("quick", "n6"));
        var first = await StartAsync("-w", "n1,n2", "--time=3");
        var second = await StartAsync("-w", "n3", "--time=30");
        var planned = await SubmitAsync("-N6", "--time=1");
        await PlannedAsync(planned, nodes: 5);
        await Eventually.HoldsAsync(
            "a pod leaves with its own grace",
            Patience,
            async _ =>
                (await Site.Client.CoreV1.ReadNamespacedPodAsync("slow", Workloads.Namespace)).Metadata.DeletionGracePeriodSeconds == 30
        );
        await Eventually.HoldsAsync("its pods have left", Patience, async _ => (await PodsAsync()).Count == 0);
        Assert.That(Slurm.Controller.ReadLog(), Does.Not.Contain($" event=decommission outcome=done job={planned} "));
        await HoldsAsync("each of them has a lease", holds => holds.Count(IsLease) == 5);

        await CancelAsync(first);
        await Slurm.WaitForJobAsync(planned, JobState.Running);
        foreach (var line in Slurm.Controller.ReadLog().Split('\n').Where(l => l.Contains($" job={planned} ms=", StringComparison.Ordinal)))
            TestContext.Progress.WriteLine(line);
        Assert.That(Slurm.Controller.ReadLog(), Does.Match($@" event=decommission outcome=done job={planned} ms=\d+ nodes=\S+ pods=0\n"));
        Assert.That(
            (await Site.HoldsAsync()).Count(h => h.EndsWith($" lab.{planned}", StringComparison.Ordinal)),
            Is.EqualTo(1),
            "it asked Kubernetes only for the node that a job has left"
        );
        await CancelAsync(second);
        await HoldsAsync("none is held for a plan", holds => !holds.Any(IsPlanned));
    }

    [Test]
    public async Task A_plan_that_comes_to_nothing_is_given_up()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("served", "n5"));
        await Workloads.ProtectAsync(Site.Client, "served");
        var first = await StartAsync("-w", "n1", "--time=3");
        var planned = await SubmitAsync("-N8", "--time=1");
        await PlannedAsync(planned, nodes: 7);
        Assert.That(
            (await Site.Tool.RunAsync("status")).StandardOutput,
            Does.Match($@"n5 +\S.* lab\.planned .*planned for job {planned}, until ")
        );
        var others = (await Site.Tool.RunAsync("reconcile")).EnsureSucceeded();
        Assert.That(others.StandardOutput, Does.Not.Contain("planned"), "another process leaves slurmctld's plans alone");
        (await Slurm.RunAsync("scancel", [$"{planned}"])).EnsureSucceeded();
        await HoldsAsync("only the job that runs holds", holds => holds.SequenceEqual([$"n1 lab.{first}"]));
        Assert.That(await PodsAsync(), Is.EqualTo(new[] { "served" }), "its budget was respected");
    }

    [Test]
    public async Task A_job_that_will_come_hours_later_gives_its_nodes_back()
    {
        var first = await StartAsync("-w", "n1", "--time=3");
        var planned = await SubmitAsync("-N8", "--time=1");
        await PlannedAsync(planned, nodes: 7);
        (await Slurm.RunAsync("scontrol", ["update", $"JobId={first}", "TimeLimit=300"])).EnsureSucceeded();
        await HoldsAsync("only the job that runs holds", holds => holds.SequenceEqual([$"n1 lab.{first}"]));
    }

    // Its pending tasks have one number, and a task that starts has another.
    [Test]
    public async Task A_task_of_an_array_is_what_its_nodes_were_held_for()
    {
        var first = await StartAsync("-w", "n1", "--time=3");
        await PlannedAsync(await SubmitAsync("-N8", "--time=2", "--array=1-2"), nodes: 7);
        await CancelAsync(first);
        await HoldsAsync("only the first task holds", holds => holds.Count == 8 && !holds.Any(IsPlanned));
    }

    [Test]
    public async Task A_job_in_a_reservation_to_come_is_foreseen()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("quick", "n6"));
        (
            await Slurm.RunAsync(
                "scontrol",
                ["create", "reservation", "ReservationName=lecture", "StartTime=now+2minutes", "Duration=60", "Nodes=n6,n7", "Users=root"]
            )
        ).EnsureSucceeded();
        // One that somebody holds does not come then.
        await SubmitAsync("-N2", "--hold", "--time=1", "--reservation=lecture");
        var planned = await SubmitAsync("-N1", "--time=1", "--reservation=lecture");
        await HoldsAsync("its node is held", holds => holds.Where(h => !IsLease(h)).SequenceEqual(["n6 lab.planned"]));
        await Eventually.HoldsAsync("its pod has left", Patience, async _ => (await PodsAsync()).Count == 0);
        (await Slurm.RunAsync("scancel", [$"{planned}"])).EnsureSucceeded();
    }

    [Test]
    public async Task A_slurmctld_that_dies_leaves_no_plan_behind()
    {
        await StartAsync("-w", "n1", "--time=3");
        var planned = await SubmitAsync("-N8", "--time=1");
        await PlannedAsync(planned, nodes: 7);
        await Slurm.WaitForSavedJobAsync(planned);
        await Slurm.RestartControllerAsync(kill: true);
        await CancelAllAsync();
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task A_job_is_expected_early_where_those_before_it_end_long_before_their_time_limits()
    {
        await StartAsync("-w", "n1", "--time=30");
        var planned = await SubmitAsync("-N8", "--time=1");
        await FreeAsync("n2", "1024", TimeSpan.FromMinutes(25));
        Assert.That((await Site.HoldsAsync()).Where(IsPlanned), Is.Empty);
        // A tenth of their time limit, so the one on n1 will end within the next three minutes.
        for (var i = 0; i < 5; i++)
            await Slurm.SubmitAsync([.. Own, "--time=1", "--output=/dev/null", "--wrap", "sleep 6"]);
        await PlannedAsync(planned, nodes: 7);
    }

    [Test]
    public async Task A_node_tells_how_long_it_stays_free()
    {
        await StartAsync("-w", "n1", "--time=90");
        await SubmitAsync("-N8", "--time=1");
        // Until it is held for that job; without a plan, as far as backfill looks ahead.
        await FreeAsync("n2", "4096", TimeSpan.FromMinutes(85));
        await Slurm.RunAsync("scancel", ["--user=root", "--state=PENDING"]);
        await FreeAsync("n2", "65536", TimeSpan.FromDays(1));
    }

    private Task FreeAsync(string node, string seconds, TimeSpan until) =>
        Eventually.HoldsAsync(
            $"{node} is free for {seconds} s",
            Patience,
            async _ =>
                (await NodeAsync(node)).Metadata is var metadata
                && metadata.Labels.TryGetValue("bebida.io/free-seconds", out var label)
                && label == seconds
                && (
                    DateTimeOffset.Parse(metadata.Annotations["bebida.io/free-until"], CultureInfo.InvariantCulture)
                    - DateTimeOffset.UtcNow
                    - until
                ).Duration() < TimeSpan.FromMinutes(5)
        );

    private async Task CancelAllAsync()
    {
        await Slurm.RunAsync("scancel", ["--user=root"]);
        await Slurm.RunAsync("scancel", [$"--user={user}"]);
    }

    private string[] Own => [$"--uid={user}", "--chdir=/"];

    private Task<int> StartAsync(params string[] options) => StartJobAsync([.. Own, .. options]);

    private static bool IsPlanned(string hold) => hold.EndsWith(" lab.planned", StringComparison.Ordinal);

    private static bool IsLease(string hold) => hold.EndsWith(" lab.linger", StringComparison.Ordinal);

    private Task PlannedAsync(int job, int nodes) =>
        HoldsAsync(
            string.Create(CultureInfo.InvariantCulture, $"{nodes} idle nodes are held for job {job}, which is pending"),
            holds => holds.Count(IsPlanned) == nodes
        );

    private Task HoldsAsync(string what, Func<IReadOnlyList<string>, bool> test) =>
        Eventually.HoldsAsync(what, Patience, async _ => test(await Site.HoldsAsync()));

    private async Task<List<string>> PodsAsync() =>
        [.. (await Site.Client.CoreV1.ListNamespacedPodAsync(Workloads.Namespace)).Items.Select(p => p.Metadata.Name)];
}
