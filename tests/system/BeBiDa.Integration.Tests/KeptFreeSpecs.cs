using k8s;

namespace BeBiDa.Site.Tests;

/// <summary>Idle nodes that stay with Slurm (nodes.keepFree): a job finds one with no hand-over to wait for.</summary>
[Category("Core")]
internal sealed class KeptFreeSpecs
{
    [Test]
    public async Task So_many_idle_nodes_stay_with_slurm_and_return_when_they_need_not()
    {
        await using var site = await Site.StartAsync(
            new SiteOptions
            {
                Nodes = 3,
                Configuration =
                    "slurm: {lookInterval: 1s}\nnodes: {keepFree: {\"n1,n2\": 1}}\neviction: {gracePeriod: 0s}\njobs:\n  mayKeep: {users: []}\n",
            }
        );
        // Whichever slurmd was there first.
        string kept = "";
        await Eventually.HoldsAsync(
            "a node is kept",
            Eventually.Patience,
            async _ =>
                (await site.HoldsAsync()).SingleOrDefault(h => h.EndsWith(" lab.policy", StringComparison.Ordinal)) is { } hold
                && (kept = hold.Split(' ')[0]).Length > 0
        );
        var other = kept == "n1" ? "n2" : "n1";
        await HoldsAsync(site, $"{kept} lab.linger", $"{kept} lab.policy");
        Assert.That((await site.Tool.RunAsync("status")).StandardOutput, Does.Match($@"{kept} +held .*lab\.policy .*kept free for Slurm"));
        (await site.Tool.RunAsync("reconcile")).EnsureSucceeded();
        Assert.That(await site.HoldsAsync(), Is.EqualTo(new[] { $"{kept} lab.linger", $"{kept} lab.policy" }));

        // Its pods leave gently where another one has to be kept.
        await Workloads.RunAsync(site.Client, Workloads.Pod("served", other));
        await site.Slurm.RunAsync("scontrol", ["update", $"NodeName={kept}", "State=drain", "Reason=disk"]);
        await Eventually.HoldsAsync(
            "the pod has left",
            Eventually.Patience,
            async _ => (await site.Client.CoreV1.ListNamespacedPodAsync(Workloads.Namespace)).Items.Count == 0
        );

        await HoldsAsync(site, $"{other} lab.linger", $"{other} lab.policy");
        var job = await site.Slurm.SubmitAsync(["-w", other, "--output=/dev/null", "--wrap", "sleep 600"]);
        await site.Slurm.WaitForJobAsync(job, JobState.Running);
        Assert.That(await site.HoldsAsync(), Has.None.EndsWith($"lab.{job}"), "it asked Kubernetes for nothing");
        await HoldsAsync(site, $"{other} lab.linger", $"{other} lab.policy");
        await site.Slurm.RunAsync("scancel", [$"{job}"]);
        await HoldsAsync(site, $"{other} lab.linger", $"{other} lab.policy");
    }

    private static Task HoldsAsync(Site site, params string[] holds) =>
        Eventually.HoldsAsync(string.Join(", ", holds), Eventually.Patience, async _ => (await site.HoldsAsync()).SequenceEqual(holds));
}
