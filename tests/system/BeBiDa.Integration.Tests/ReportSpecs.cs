using System.Text.Json;

namespace BeBiDa.Site.Tests;

/// <summary>What the nodes were used for, as an admin reads it afterwards.</summary>
[Category("Core")]
internal sealed class ReportSpecs : SiteTest
{
    // Edges are seen two seconds later by one or the other, and this machine may be busy.
    private const double Tolerated = 0.05;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    protected override SiteOptions Options =>
        new() { Nodes = 3, Configuration = "eviction: {gracePeriod: 10s}\nslurm: {lookInterval: 1s}\nnodes: {linger: 5s}\n" };

    [TearDown]
    public async Task ResumeAsync() => await Slurm.RunAsync("scontrol", ["update", "NodeName=n[1-3]", "State=resume"]);

    [Test]
    public async Task A_report_agrees_with_whoever_looks_at_Slurm_and_Kubernetes_also_over_a_crash_of_slurmctld()
    {
        await Workloads.RunAsync(Site.Client, Workloads.Pod("slow", "n1", termination: "4"));
        await Site.Kubectl.RunAsync("cordon", "n3");
        await using var recorded = await RecordedSite.StartAsync(Site, Interval);
        await PassAsync(8);
        await CancelAsync(await StartJobAsync("-w", "n2"));
        await PassAsync(3);

        var job = await StartJobAsync("-w", "n1,n2", "-N2");
        await PassAsync(6);
        await Slurm.WaitForSavedJobAsync(job);
        await Slurm.StopControllerAsync(kill: true);
        await PassAsync(15);
        await Slurm.StartControllerAsync();
        await PassAsync(6);

        await CancelAsync(job);
        await Site.Kubectl.RunAsync("uncordon", "n3");
        await Slurm.RunAsync("scontrol", ["update", "NodeName=n2", "State=drain", "Reason=memory"]);
        await Workloads.RunAsync(Site.Client, Workloads.Pod("quick", "n3"));
        await PassAsync(12);
        var (observed, csv, json) = await recorded.EndAsync();

        var reported = RecordedSite.NodeSeconds(csv);
        var total = observed.Values.Sum();
        TestContext.Out.WriteLine($"{csv}\n{json}\n{string.Join(", ", observed.Select(o => $"{o.Key} {o.Value:0.0}"))}");
        Assert.That(reported.Values.Sum(), Is.EqualTo(total).Within(total * 0.02), "no time is lost or added");
        foreach (var use in reported.Keys)
            Assert.That(reported[use], Is.EqualTo(observed.GetValueOrDefault(use)).Within(total * Tolerated), use);
        foreach (var use in new[] { "slurm", "lent_with_pods", "lent_empty", "linger", "held", "in_between", "unavailable", "unknown" })
            Assert.That(reported[use], Is.Positive, use);

        var report = JsonDocument.Parse(json).RootElement;
        Assert.That(report.GetProperty("pods").GetProperty("evicted").GetInt32(), Is.EqualTo(1));
        Assert.That(report.GetProperty("jobs").GetProperty("waited").GetInt32(), Is.EqualTo(2));
        Assert.That(report.GetProperty("jobs").GetProperty("seconds").GetDouble(), Is.GreaterThan(3));
    }

    private static Task PassAsync(int seconds) => Task.Delay(TimeSpan.FromSeconds(seconds));
}
