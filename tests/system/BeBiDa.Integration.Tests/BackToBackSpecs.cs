namespace BeBiDa.Site.Tests;

/// <summary>Jobs one after the other on the same nodes: while one gives its nodes back, the next takes some of them.</summary>
internal sealed class BackToBackSpecs
{
    [Test, Category("Core")]
    public Task Nodes_stay_out_of_Kubernetes_from_job_to_job() =>
        Sites.WithAsync(
            new SiteOptions { Nodes = 4 },
            async site =>
            {
                for (var pair = 0; pair < 6; pair++)
                    await RunPairAsync(site);
                await site.WaitUntilFreeAsync();
                Assert.That(site.Probes.Runs(), Has.Count.EqualTo(6 * 6));
                Assert.That(site.Observer.Gaps, Is.Zero);
                Assert.That(IsolationViolations.OfNodes(site), Is.Empty);
            }
        );

    // What shows that the observer sees what it is there to see.
    [Test, Category("Core")]
    public Task The_scripts_that_the_plugin_replaces_leave_nodes_schedulable_under_a_job() =>
        Sites.WithAsync(
            new SiteOptions { Nodes = 2, HandOver = HandOverBy.LateScripts },
            async site =>
            {
                await site.Probes.SubmitAsync(TimeSpan.FromMilliseconds(300), "-N2");
                await site.Probes.SubmitAsync(Eventually.Patience, "-N2");
                await Eventually.HoldsAsync(
                    "a node is seen schedulable under the second job",
                    Eventually.Patience,
                    _ => Task.FromResult(IsolationViolations.OfNodes(site).Count > 0)
                );
            }
        );

    // The second waits for nodes that the first gives back last.
    private static async Task RunPairAsync(Site site)
    {
        var nodes = site.Slurm.Nodes.Count;
        var first = await site.Probes.SubmitAsync(TimeSpan.FromMilliseconds(300), $"-N{nodes}");
        var second = await site.Probes.SubmitAsync(TimeSpan.FromMilliseconds(800), "-N2", "-w", $"n{nodes - 1},n{nodes}");
        foreach (var job in new[] { first, second })
            Assert.That((await site.Slurm.WaitForJobEndAsync(job)).Single().State, Is.EqualTo(JobState.Completed));
        await site.Slurm.WaitForIdleNodesAsync();
    }
}
