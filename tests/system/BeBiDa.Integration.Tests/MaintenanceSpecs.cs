using System.Text.Json;
using k8s;

namespace BeBiDa.Site.Tests;

/// <summary>Nodes that are taken out of Slurm and Kubernetes by one mark, and given back.</summary>
internal abstract class MaintenanceTest : SiteTest
{
    protected const string Label = "bebida.io/maintenance";

    // Whatever a test that fails has left.
    [TearDown]
    public async Task MakeFitAsync()
    {
        foreach (var node in Slurm.Nodes)
        {
            await UnlabelAsync(node);
            await Site.Kubectl.RunAsync("uncordon", node);
            await Slurm.RunAsync("scontrol", ["update", $"NodeName={node}", "State=resume"]);
        }
    }

    protected Task LabelAsync(string node, string reason) =>
        Site.Kubectl.RunAsync("label", "--overwrite", "node", node, $"{Label}={reason}");

    protected Task UnlabelAsync(string node) => Site.Kubectl.RunAsync("label", "node", node, $"{Label}-");

    protected async Task UpdateAsync(string node, string state, string reason) =>
        (await Slurm.RunAsync("scontrol", ["update", $"NodeName={node}", $"State={state}", $"Reason={reason}"])).EnsureSucceeded();

    /// <summary>A node's state and reason in Slurm, where a reason that is over is none: 24.11 keeps it, without accounting. A node that was just undrained has yet to register (<c>idle*</c>).</summary>
    protected async Task<string> SlurmAsync(string node) =>
        (await Slurm.RunAsync("sinfo", ["--noheader", $"--nodes={node}", "--format=%T|%E"]))
            .EnsureSucceeded()
            .StandardOutput.Trim()
            .Replace("*", "", StringComparison.Ordinal)
            .Replace("bebida maintenance has ended", "none", StringComparison.Ordinal);

    protected Task IsAsync(string node, string expected) =>
        Eventually.HoldsAsync($"{node} is {expected} in Slurm", Patience, async _ => await SlurmAsync(node) == expected);

    protected Task HeldForMaintenanceAsync(string node, string why) =>
        Eventually.HoldsAsync(
            $"{node} is held for maintenance",
            Patience,
            async _ =>
                await NodeAsync(node) is { Spec.Unschedulable: true } held
                && held.Metadata.Annotations?.TryGetValue("hold.bebida.io/lab.maint", out var text) == true
                && text.EndsWith(why, StringComparison.Ordinal)
        );

    protected Task LeavesAsync(string pod) =>
        Eventually.HoldsAsync($"pod {pod} has left", Patience, async _ => !(await PodsAsync()).Contains(pod));

    protected async Task<string[]> PodsAsync() =>
        [.. (await Site.Client.CoreV1.ListNamespacedPodAsync(Workloads.Namespace)).Items.Select(p => p.Metadata.Name).Order()];

    protected async Task<JsonElement> ToolAsync(params string[] arguments) =>
        JsonDocument.Parse((await Site.Tool.RunAsync([.. arguments, "--output", "json"])).EnsureSucceeded().StandardOutput).RootElement;
}

/// <summary>With the plugin in slurmctld: a label is all that it takes.</summary>
[Category("Core")]
internal sealed class MaintenanceSpecs : MaintenanceTest
{
    protected override SiteOptions Options =>
        new()
        {
            Nodes = 3,
            // A site whose own patterns match our reason too.
            Configuration =
                "  requestTimeout: 1s\ncontroller: {deadline: 6s, reconcileInterval: 1h}\neviction: {deadline: 3s, gracePeriod: 1s}\n"
                + "slurm: {lookInterval: 1s, badReasons: ['*maint*']}\n",
        };

    [Test]
    public async Task A_label_takes_a_node_out_of_both_gently_and_its_removal_gives_it_back()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("free", "n1"));
        await Workloads.RunAsync(Site.Client, Workloads.Pod("served", "n1"));
        await Workloads.ProtectAsync(Site.Client, "served");
        await LabelAsync("n1", "new-memory");
        await IsAsync("n1", "drained|bebida maintenance: new-memory");
        await HeldForMaintenanceAsync("n1", " maintenance: new-memory");
        await LeavesAsync("free");
        // Longer than eviction.deadline, after which a job's drain would delete it.
        await Task.Delay(TimeSpan.FromSeconds(4));
        Assert.That(await PodsAsync(), Is.EqualTo(new[] { "served" }), "its budget is respected");
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { "n1 lab.maint" }), "no bad reason, whatever the site's patterns match");
        await Site.Client.PolicyV1.DeleteNamespacedPodDisruptionBudgetAsync("served", Workloads.Namespace);
        await LeavesAsync("served");

        await UnlabelAsync("n1");
        await IsAsync("n1", "idle|none");
        await Site.WaitUntilFreeAsync();
        Assert.That(Slurm.Controller.ReadLog(), Does.Match("bebida: node n1 drained in Slurm: bebida maintenance: new-memory"));
    }

    [Test]
    public async Task A_job_goes_on_to_its_end_on_a_marked_node()
    {
        var job = await StartJobAsync("-w", "n1");
        await LabelAsync("n1", "disk");
        await IsAsync("n1", "draining|bebida maintenance: disk");
        await HeldForMaintenanceAsync("n1", " maintenance: disk");
        await CancelAsync(job);
        await IsAsync("n1", "drained|bebida maintenance: disk");
        await UnlabelAsync("n1");
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task What_somebody_else_did_stays_drained_before_drained_anew_and_cordoned()
    {
        await UpdateAsync("n1", "drain", "bad disk");
        await Site.Kubectl.RunAsync("cordon", "n3");
        foreach (var node in Slurm.Nodes)
            await LabelAsync(node, "cooling");
        foreach (var node in Slurm.Nodes)
            await HeldForMaintenanceAsync(node, " maintenance: cooling");
        await IsAsync("n2", "drained|bebida maintenance: cooling");
        await IsAsync("n3", "drained|bebida maintenance: cooling");
        await UpdateAsync("n2", "drain", "fans too");
        foreach (var node in Slurm.Nodes)
            await UnlabelAsync(node);
        await IsAsync("n3", "idle|none");
        await Eventually.HoldsAsync("no hold is left", Patience, async _ => (await Site.HoldsAsync()).Count == 0);
        Assert.That(
            (await SlurmAsync("n1"), await SlurmAsync("n2"), string.Join(' ', await Site.UnschedulableAsync())),
            Is.EqualTo(("drained|bad disk", "drained|fans too", "n3"))
        );
        await Site.Kubectl.RunAsync("uncordon", "n3");
        await MakeFitAsync();
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task What_was_marked_and_unmarked_while_slurmctld_was_down_is_done_by_the_next_one()
    {
        await LabelAsync("n1", "disk");
        await IsAsync("n1", "drained|bebida maintenance: disk");
        await HeldForMaintenanceAsync("n1", " maintenance: disk");
        await Slurm.StopControllerAsync();
        await UnlabelAsync("n1");
        await LabelAsync("n2", "fans");
        await Slurm.StartControllerAsync();
        await IsAsync("n1", "idle|none");
        await IsAsync("n2", "drained|bebida maintenance: fans");
        await HeldForMaintenanceAsync("n2", " maintenance: fans");
        await UnlabelAsync("n2");
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task One_command_takes_nodes_out_of_both_one_shows_them_and_one_gives_them_back()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("web", "n1"));
        await UpdateAsync("n2", "drain", "bad disk");
        var started = await ToolAsync("maintenance", "start", "n[1-2]", "--reason", "new memory", "--until", "+2h");
        Assert.That(await PodsAsync(), Is.Empty);
        Assert.That(
            started
                .GetProperty("nodes")
                .EnumerateArray()
                .Select(n => $"{n.GetProperty("node")} {n.GetProperty("slurmReason")} {n.GetProperty("held")}"),
            Is.EqualTo(new[] { "n1 bebida maintenance: new-memory True", "n2 bad disk True" })
        );
        var listed = (await ToolAsync("maintenance", "list")).EnumerateArray().ToList();
        Assert.That(
            listed.Select(n => $"{n.GetProperty("node")} {n.GetProperty("reason")} {n.GetProperty("slurmState")}"),
            Is.EqualTo(new[] { "n1 new memory drained", "n2 new memory drained" })
        );
        Assert.That(
            listed[0].GetProperty("until").GetDateTimeOffset() - DateTimeOffset.UtcNow,
            Is.EqualTo(TimeSpan.FromHours(2)).Within(TimeSpan.FromMinutes(2))
        );
        await HeldForMaintenanceAsync("n1", "Z maintenance: new memory");

        var ended = await ToolAsync("maintenance", "end", "n1,n2");
        Assert.That(
            ended.GetProperty("nodes").EnumerateArray().Select(n => n.TryGetProperty("note", out var note) ? $"{note}" : ""),
            Is.EqualTo(new[] { "", "stays drained in Slurm (bad disk)" })
        );
        Assert.That((await SlurmAsync("n1"), await SlurmAsync("n2")), Is.EqualTo(("idle|none", "drained|bad disk")));
        Assert.That(await ToolAsync("maintenance", "list").ContinueWith(l => l.Result.GetArrayLength(), TaskScheduler.Default), Is.Zero);
        await MakeFitAsync();
        await Site.WaitUntilFreeAsync();
    }
}

/// <summary>Without the plugin, where hand-overs are scripts' work: the tool does all of it.</summary>
[Category("Core")]
internal sealed class MaintenanceByToolSpecs : MaintenanceTest
{
    protected override SiteOptions Options =>
        new()
        {
            Nodes = 3,
            HandOver = HandOverBy.Hook,
            // Kubernetes has no node for n3.
            Configuration = "controller: {deadline: 6s}\neviction: {deadline: 3s, gracePeriod: 1s}\nnodes: {map: {n3: nowhere}}\n",
        };

    [Test]
    public async Task The_tool_alone_takes_nodes_out_of_both_and_gives_them_back()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("web", "n1"));
        await Site.Kubectl.RunAsync("cordon", "n2");
        await ToolAsync("maintenance", "start", "n1", "n2", "--reason", "disk");
        Assert.That(await Site.HoldsAsync(), Is.EqualTo(new[] { "n1 lab.maint", "n2 lab.maint" }));
        Assert.That((await SlurmAsync("n1"), string.Join(' ', await PodsAsync())), Is.EqualTo(("drained|bebida maintenance: disk", "")));
        await ToolAsync("maintenance", "end", "n[1-2]");
        Assert.That(await Site.HoldsAsync(), Is.Empty);
        Assert.That(await Site.UnschedulableAsync(), Is.EqualTo(new[] { "n2" }));
        Assert.That((await SlurmAsync("n1"), await SlurmAsync("n2")), Is.EqualTo(("idle|none", "idle|none")));
        await Site.Kubectl.RunAsync("uncordon", "n2");
    }

    [Test]
    public async Task Reconcile_does_what_a_label_asks_for()
    {
        await LabelAsync("n1", "disk");
        await UpdateAsync("n2", "drain", "bebida maintenance: fans");
        var repairs = (await ToolAsync("reconcile")).GetProperty("repairs").EnumerateArray();
        Assert.That(
            repairs
                .Select(r => $"{r.GetProperty("action")} {r.GetProperty("node")} {r.GetProperty("holder")} {r.GetProperty("done")}")
                .Order(),
            Is.EqualTo(new[] { "Drain n1 maint True", "Hold n1 maint True", "Undrain n2 maint True" })
        );
        Assert.That((await SlurmAsync("n1"), await SlurmAsync("n2")), Is.EqualTo(("drained|bebida maintenance: disk", "idle|none")));
        await UnlabelAsync("n1");
        await ToolAsync("reconcile");
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task A_mark_that_somebody_else_set_is_theirs_and_says_so()
    {
        await LabelAsync("n1", "theirs");
        await ToolAsync("maintenance", "start", "n1", "--reason", "ours");
        Assert.That(await SlurmAsync("n1"), Is.EqualTo("drained|bebida maintenance: theirs"));
        var end = await Site.Tool.RunAsync("maintenance", "end", "n1");
        Assert.That((end.ExitCode, await SlurmAsync("n1")), Is.EqualTo((1, "drained|bebida maintenance: theirs")));
        Assert.That(
            end.StandardError,
            Does.Contain("node n1: still marked, by kubectl-label; run: kubectl label node n1 bebida.io/maintenance-")
        );
        await UnlabelAsync("n1");
        await ToolAsync("maintenance", "end", "n1");
    }

    [Test]
    public async Task A_pod_that_may_not_leave_is_named_when_the_time_is_over()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("served", "n1"));
        await Workloads.ProtectAsync(Site.Client, "served");
        var start = await Site.Tool.RunAsync("maintenance", "start", "n1", "--reason", "disk", "--timeout", "2s");
        Assert.That((start.ExitCode, start.StandardOutput), Is.EqualTo((1, start.StandardOutput)));
        Assert.That(
            start.StandardError,
            Does.Contain("node n1: pod default/served has not left after 2s; its eviction is refused: kubectl -n default get pdb")
        );
        await ToolAsync("maintenance", "end", "n1");
    }

    [Test]
    public async Task Nodes_that_one_side_does_not_know_are_named_and_nothing_is_done()
    {
        var start = await Site.Tool.RunAsync("maintenance", "start", "n1,n3,n9", "--reason", "disk");
        Assert.That((start.ExitCode, (await Site.HoldsAsync()).Count, await SlurmAsync("n1")), Is.EqualTo((2, 0, "idle|none")));
        Assert.That(
            start.StandardError,
            Does.Contain("n3: Kubernetes has no such node").And.Contain("n9: Slurm's cluster lab has no such node")
        );
        // What is drained already, and has lost its Node since, returns by the command.
        await UpdateAsync("n3", "drain", "bebida maintenance: disk");
        await ToolAsync("maintenance", "end", "n3");
        Assert.That(await SlurmAsync("n3"), Is.EqualTo("idle|none"));
    }
}
