using k8s;

namespace BeBiDa.Site.Tests;

/// <summary>What becomes of a node in Kubernetes for its state in Slurm, apart from jobs.</summary>
[Category("Core")]
internal sealed class StandingSpecs : SiteTest
{
    private const string Pod = "served";

    private readonly string reboot = Path.Combine(Directory.CreateTempSubdirectory("bebida-reboot-").FullName, "reboot");

    public StandingSpecs()
    {
        File.WriteAllText(reboot, "#!/bin/sh\ntouch \"$0.called\"\n");
        File.SetUnixFileMode(reboot, (UnixFileMode)0b111_101_101);
    }

    protected override SiteOptions Options =>
        new()
        {
            Nodes = 3,
            Configuration =
                "  requestTimeout: 1s\ncontroller: {deadline: 6s, reconcileInterval: 1h}\neviction: {deadline: 3s, gracePeriod: 1s}\n"
                + "slurm: {lookInterval: 1s, maintenanceLead: 10s}\n",
            Slurm = slurm =>
                slurm with
                {
                    ExtraConfiguration =
                    [
                        // What is DOWN stays so until it is resumed.
                        "ReturnToService=0",
                        $"RebootProgram={reboot}",
                        "SuspendProgram=/bin/true",
                        "ResumeProgram=/bin/true",
                        "SuspendTime=3600",
                        "SuspendTimeout=2",
                        "ResumeTimeout=120",
                    ],
                },
        };

    [OneTimeTearDown]
    public void DeleteProgram() => Directory.Delete(Path.GetDirectoryName(reboot)!, recursive: true);

    // Whatever a test that fails has left.
    [TearDown]
    public async Task MakeFitAsync()
    {
        await Slurm.RunAsync("scontrol", ["delete", "ReservationName=upgrade"]);
        foreach (var node in Slurm.Nodes)
            await Slurm.RunAsync("scontrol", ["update", $"NodeName={node}", "State=resume"]);
    }

    [Test]
    public async Task Pods_leave_before_maintenance_as_they_may_and_when_it_begins_as_for_a_job()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("free", "n1"));
        await Workloads.RunAsync(Site.Client, Workloads.Pod(Pod, "n1"));
        await Workloads.ProtectAsync(Site.Client, Pod);
        // It begins no earlier, whenever scontrol looks at the clock.
        var begin = DateTimeOffset.UtcNow + TimeSpan.FromSeconds(20) - TimeSpan.FromSeconds(1);
        await ScontrolAsync(
            "create",
            "reservation",
            "ReservationName=upgrade",
            "StartTime=now+20seconds",
            "Duration=60",
            "Nodes=n1",
            "Flags=MAINT",
            "Users=root"
        );
        await HeldForAsync("n1", "maint", "^[^ ]+/[^ ]+ reservation upgrade$");
        await LeavesAsync("free");
        while (await PodsAsync() is var pods && DateTimeOffset.UtcNow < begin)
            Assert.That(pods, Is.EqualTo(new[] { Pod }), "its budget is respected until maintenance begins");
        await StateAsync("n1", "MAINT");
        await LeavesAsync(Pod);

        await ScontrolAsync("delete", "ReservationName=upgrade");
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task A_node_that_is_DOWN_gets_no_new_pods_keeps_its_own_and_returns()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod(Pod, "n1"));
        await UpdateAsync("n1", "down", "switch fails");
        await HeldForAsync("n1", "down", "^[^ ]+ DOWN: switch fails$");
        // A bad reason; and by then the first one's pod would have left too.
        await Workloads.RunAsync(Site.Client, Workloads.Pod("other", "n2"));
        await UpdateAsync("n2", "down", "NHC: disk");
        await LeavesAsync("other");
        Assert.That(await PodsAsync(), Is.EqualTo(new[] { Pod }));
        Assert.That(Slurm.Controller.ReadLog(), Does.Match("bebida: node n1 held: DOWN: switch fails event=hold outcome=done job=down "));

        await UpdateAsync("n1,n2", "resume");
        await Site.WaitUntilFreeAsync();
    }

    // Slurm takes such a job for ended while its processes still are.
    [Test]
    public async Task A_node_that_is_set_DOWN_under_its_job_is_never_schedulable_in_between()
    {
        var job = await StartJobAsync("-w", "n1", "--no-requeue");
        await HeldAsync("n1", job);
        var from = DateTimeOffset.UtcNow;
        await UpdateAsync("n1", "down", "smoke");
        await Eventually.HoldsAsync(
            "it is held for its state only",
            Patience,
            async _ => (await Site.HoldsAsync()).SequenceEqual(["n1 lab.down"])
        );
        Assert.That(Site.Observer.SchedulableWithin("n1", from, DateTimeOffset.UtcNow), Is.Empty);
        await UpdateAsync("n1", "resume");
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task A_drained_node_stays_lent_unless_its_reason_is_bad()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod(Pod, "n1"));
        await UpdateAsync("n1", "drain", "new memory");
        await UpdateAsync("n2", "drain", "health check failed");
        await HeldForAsync("n2", "drain", "^[^ ]+ DRAIN: health check failed$");
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { "n2 lab.drain" }));
        Assert.That(await PodsAsync(), Is.EqualTo(new[] { Pod }));
        await UpdateAsync("n1,n2", "resume");
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task A_job_runs_to_its_end_on_a_node_that_fails_and_the_node_stays_held()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod(Pod, "n2"));
        var job = await StartJobAsync("-w", "n1");
        await UpdateAsync("n1,n2", "fail", "fans");
        await HeldForAsync("n1", "fail", "^[^ ]+ FAIL: fans$");
        await LeavesAsync(Pod);
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { $"n1 lab.{job}", "n1 lab.fail", "n2 lab.fail" }));
        await CancelAsync(job);
        await Eventually.HoldsAsync(
            "only the job's hold is gone",
            Patience,
            async _ => (await Site.HoldsAsync()).SequenceEqual(["n1 lab.fail", "n2 lab.fail"])
        );
        await UpdateAsync("n1,n2", "resume");
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task A_node_that_is_to_reboot_is_held_until_it_has()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod(Pod, "n1"));
        await ScontrolAsync("reboot", "ASAP", "nextstate=RESUME", "reason=kernel", "n1");
        await HeldForAsync("n1", "reboot", "^[^ ]+ reboot: ");
        await LeavesAsync(Pod);
        // A slurmd that starts before it was told to reboot is told then.
        await Eventually.HoldsAsync("the node reboots", Patience, _ => Task.FromResult(File.Exists(reboot + ".called")));
        await RestartAsync("n1");
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task A_node_is_held_from_the_moment_it_is_to_be_switched_off_until_it_is_on_again()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod(Pod, "n1"));
        await UpdateAsync("n1", "power_down");
        await HeldForAsync("n1", "power", "^[^ ]+ power saving$");
        await LeavesAsync(Pod);
        await StateAsync("n1", "POWERED_DOWN");
        await UpdateAsync("n1", "power_up");
        await StateAsync("n1", "POWERING_UP");
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { "n1 lab.power" }));
        await RestartAsync("n1");
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task A_restarted_slurmctld_goes_on_with_what_it_finds()
    {
        await UpdateAsync("n1", "down", "cables");
        await HeldForAsync("n1", "down", "^[^ ]+ DOWN: cables$");
        await Slurm.StopControllerAsync();
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { "n1 lab.down" }));
        await Slurm.StartControllerAsync();
        await UpdateAsync("n2", "down", "fans");
        await HeldForAsync("n2", "down", "^[^ ]+ DOWN: fans$");
        await UpdateAsync("n1,n2", "resume");
        await Site.WaitUntilFreeAsync();
    }

    private Task UpdateAsync(string nodes, string state, string reason = "") =>
        ScontrolAsync(["update", $"NodeName={nodes}", $"State={state}", .. Because(reason)]);

    private static string[] Because(string reason) => reason.Length == 0 ? [] : [$"Reason={reason}"];

    private async Task ScontrolAsync(params string[] arguments) => (await Slurm.RunAsync("scontrol", arguments)).EnsureSucceeded();

    private async Task RestartAsync(string node)
    {
        await Slurm.KillNodeDaemonAsync(node);
        Slurm.BootNodeDaemon(node);
    }

    private Task HeldForAsync(string node, string holder, string value) =>
        Eventually.HoldsAsync(
            $"{node} is held for {holder}",
            Patience,
            async _ =>
                await NodeAsync(node) is { Spec.Unschedulable: true } held
                && held.Metadata.Annotations.TryGetValue($"hold.bebida.io/lab.{holder}", out var text)
                && System.Text.RegularExpressions.Regex.IsMatch(text, value)
        );

    private Task StateAsync(string node, string state) =>
        Eventually.HoldsAsync(
            $"{node} is {state}",
            Patience,
            async _ => (await Slurm.RunAsync("scontrol", ["show", "node", node])).StandardOutput.Contains(state, StringComparison.Ordinal)
        );

    private Task LeavesAsync(string pod) =>
        Eventually.HoldsAsync($"pod {pod} has left", Patience, async _ => !(await PodsAsync()).Contains(pod));

    private async Task<string[]> PodsAsync() =>
        [.. (await Site.Client.CoreV1.ListNamespacedPodAsync(Workloads.Namespace)).Items.Select(p => p.Metadata.Name).Order()];
}
