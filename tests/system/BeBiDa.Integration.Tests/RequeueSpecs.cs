using BeBiDa.EmbeddedApi.Faults;
using k8s;

namespace BeBiDa.Site.Tests;

/// <summary>Where a job must not start unless its nodes have left Kubernetes (onFailure: requeue, onBudget: fail).</summary>
internal sealed class RequeueSpecs : SiteTest
{
    protected override SiteOptions Options =>
        new()
        {
            Nodes = 1,
            Configuration =
                "  requestTimeout: 1s\ncontroller:\n  deadline: 4s\n  onFailure: requeue\neviction:\n  deadline: 2s\n  gracePeriod: 1s\n  onBudget: fail\n",
        };

    [Test, Category("Core")]
    public async Task A_job_is_requeued_rather_than_started_while_Kubernetes_hangs()
    {
        await using var pings = new PingWatch(Slurm);
        var hang = Site.EmbeddedApi.Faults.Add(new Fault(FaultKind.Hang) { Verb = "patch", Resource = "nodes" });
        var job = await Site.Probes.SubmitAsync(TimeSpan.FromMilliseconds(200), "-N1");
        await Requeues.SeenAsync(Site, job);
        Assert.That(Site.Probes.Runs().Where(run => run.Job == job), Is.Empty);

        hang.Dispose();
        Assert.That((await Slurm.WaitForJobEndAsync(job)).Single().State, Is.EqualTo(JobState.Completed));
        await pings.AssertAsync();
    }

    [Test]
    public async Task A_pod_that_its_budget_protects_stays_and_the_job_is_requeued()
    {
        var pod = await Workloads.RunAsync(Site.Client, Workloads.Pod("precious", "n1"));
        await Workloads.ProtectAsync(Site.Client, "precious");
        var job = await SubmitAsync("-N1");
        await Requeues.SeenAsync(Site, job);

        var still = await Site.Client.CoreV1.ReadNamespacedPodAsync("precious", Workloads.Namespace);
        Assert.That(still.Metadata.Uid, Is.EqualTo(pod.Metadata.Uid));
        Assert.That(still.Metadata.DeletionTimestamp, Is.Null);
    }
}
