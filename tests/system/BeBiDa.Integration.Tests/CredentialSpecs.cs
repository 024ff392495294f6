namespace BeBiDa.Site.Tests;

/// <summary>The kubeconfig that bebidactl makes is all that slurmctld needs, and is renewed under it.</summary>
internal sealed class CredentialSpecs
{
    [Test]
    public Task Nodes_are_handed_over_with_a_kubeconfig_of_bebidactls_and_after_its_renewal_with_the_new_token_alone() =>
        Sites.WithAsync(
            new SiteOptions { Nodes = 1 },
            async site =>
            {
                var file = (await File.ReadAllLinesAsync(site.ConfigurationFile))
                    .Single(line => line.Contains("kubeconfig: ", StringComparison.Ordinal))
                    .Split(": ")[1];
                (await site.Tool.RunAsync("kubeconfig", "create", "--kubeconfig", site.Api.AdminKubeconfig, "--force")).EnsureSucceeded();
                await HandOverAsync(site);

                var first = Token(file);
                (await site.Tool.RunAsync("kubeconfig", "renew", "--now", "--kubeconfig", site.Api.AdminKubeconfig)).EnsureSucceeded();
                Assert.That(Token(file), Is.Not.EqualTo(first));
                site.EmbeddedApi.RevokeToken(first);
                await HandOverAsync(site);
                Assert.That(site.Slurm.Controller.ReadLog(), Does.Contain($"{file} has changed; using the new credentials"));
            }
        );

    private static async Task HandOverAsync(Site site)
    {
        var job = await site.Slurm.SubmitAsync(["--output=/dev/null", "--wrap", "sleep 600"]);
        await site.Slurm.WaitForJobAsync(job, JobState.Running);
        await Sites.HeldAsync(site, "n1", job);
        (await site.Slurm.RunAsync("scancel", [$"{job}"])).EnsureSucceeded();
        await site.WaitUntilFreeAsync();
    }

    private static string Token(string kubeconfig) =>
        File.ReadAllLines(kubeconfig).Single(line => line.Contains(" token: ", StringComparison.Ordinal)).Split("token: ")[1];
}
