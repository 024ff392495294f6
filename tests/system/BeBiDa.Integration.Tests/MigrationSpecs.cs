using BeBiDa.EmbeddedApi;

namespace BeBiDa.Site.Tests;

/// <summary>A site of the scripts gets the plugin, by the steps of docs/migrating.md, while jobs run.</summary>
internal sealed class MigrationSpecs
{
    private static readonly TimeSpan Patience = Eventually.Patience;

    [Test]
    public async Task Jobs_run_over_the_change_from_the_scripts_to_the_plugin_and_no_node_is_lost()
    {
        IApiServer api = null!;
        var options = new SiteOptions
        {
            Nodes = 3,
            Configuration = "controller: {reconcileInterval: 1s}\njobs:\n  mayKeep: {users: []}\n",
            Kubeconfig = started => (api = started).WriteKubeconfig("bebida"),
            Slurm = slurm =>
                new ScriptedHandOver(new Kubectl(api.AdminKubeconfig).Path, api.AdminKubeconfig).ApplyTo(
                    slurm with
                    {
                        PrEpPlugins = ["prep/script"],
                    }
                ),
        };
        await Sites.WithAsync(
            options,
            async site =>
            {
                var before = await StartAsync(site, "n1");
                Assert.That(await site.UnschedulableAsync(), Is.EqualTo(new[] { "n1" }), "the scripts' work");
                Assert.That(await site.HoldsAsync(), Is.Empty);

                var lines = (await File.ReadAllLinesAsync(site.Slurm.ConfigPath))
                    .Where(line =>
                        !line.StartsWith("PrologSlurmctld=", StringComparison.Ordinal)
                        && !line.StartsWith("EpilogSlurmctld=", StringComparison.Ordinal)
                    )
                    .ToList();
                await File.WriteAllLinesAsync(site.Slurm.ConfigPath, lines);
                await site.Slurm.WritePrEpPluginsAsync(["prep/script", "prep/bebida"]);
                await site.Slurm.RestartControllerAsync();
                await HoldsAsync(site, $"n1 lab.{before}");

                var after = await StartAsync(site, "n2");
                await HoldsAsync(site, $"n1 lab.{before}", $"n2 lab.{after}");
                foreach (var job in new[] { before, after })
                    (await site.Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
                await HoldsAsync(site);
                await Eventually.HoldsAsync(
                    "the plugin's node is free, and kubectl's cordon still there",
                    Patience,
                    async _ => (await site.UnschedulableAsync()).SequenceEqual(["n1"])
                );

                Assert.That(
                    (await site.Tool.RunAsync("status", "--output", "json")).StandardOutput,
                    Does.Match("\"kubernetesNode\": \"n1\",\\s+\"owner\": \"Cordoned\"")
                );
                await site.Kubectl.RunAsync("uncordon", "n1");
                Assert.That(await site.UnschedulableAsync(), Is.Empty);
            }
        );
    }

    private static async Task<int> StartAsync(Site site, string node)
    {
        var job = await site.Slurm.SubmitAsync(["-w", node, "--output=/dev/null", "--wrap", "sleep 600"]);
        await site.Slurm.WaitForJobAsync(job, JobState.Running);
        return job;
    }

    private static Task HoldsAsync(Site site, params string[] holds) =>
        Eventually.HoldsAsync(
            $"the holds are [{string.Join(", ", holds)}]",
            Patience,
            async _ => (await site.HoldsAsync()).SequenceEqual(holds)
        );
}
