using System.Text.RegularExpressions;
using BeBiDa.EmbeddedApi;

namespace BeBiDa.Site.Tests;

/// <summary>What is wrong with the configuration is said in slurmctld's log, with where it stands and what to do; jobs run.</summary>
internal sealed class ConfigurationSpecs
{
    [Test]
    public Task An_unknown_key_is_named_with_file_and_line() =>
        RefusedAsync(
            new SiteOptions { Configuration = "controler:\n  deadline: 2s\n" },
            site => $"{Regex.Escape(site.ConfigurationFile)}:3: .*controler"
        );

    [Test]
    public Task A_wrong_value_is_named_with_file_line_and_key() =>
        RefusedAsync(
            new SiteOptions { Configuration = "eviction:\n  gracePeriod: soon\n" },
            site => $"{Regex.Escape(site.ConfigurationFile)}:4: .*eviction.gracePeriod"
        );

    [Test]
    public Task A_kubeconfig_that_others_can_read_is_refused_with_the_mode_to_set() =>
        RefusedAsync(
            new SiteOptions
            {
                Kubeconfig = api =>
                {
                    var path = api.WriteKubeconfig("bebida");
                    File.SetUnixFileMode(path, (UnixFileMode)0b110_100_100);
                    return path;
                },
            },
            _ => "mode 644 .*chmod 0600"
        );

    [Test]
    public Task A_configuration_that_others_can_write_is_refused_with_the_mode_to_set() =>
        Sites.WithAsync(
            new SiteOptions { Nodes = 1 },
            async site =>
            {
                File.SetUnixFileMode(site.ConfigurationFile, (UnixFileMode)0b110_110_110);
                await site.Slurm.RestartControllerAsync();
                var refusal =
                    $"error: bebida: {Regex.Escape(site.ConfigurationFile)}: its mode 666 lets others change it.* chmod go-w {Regex.Escape(site.ConfigurationFile)}";
                await site.Slurm.Controller.WaitForLogAsync(refusal + "; using controller.deadline 30s");
                await site.Slurm.Controller.WaitForLogAsync(refusal + "$");
                (await site.Slurm.RunAsync("srun", ["-N1", "true"])).EnsureSucceeded();
                Assert.That(await site.UnschedulableAsync(), Is.Empty);
                Assert.That((await site.Tool.RunAsync("status")).StandardError, Does.Contain($"chmod go-w {site.ConfigurationFile}"));
            }
        );

    [Test]
    public Task A_credential_plugin_is_refused_inside_slurmctld_and_works_in_bebidactl() =>
        RefusedAsync(
            new SiteOptions { Kubeconfig = api => CredentialPlugin((EmbeddedApiServer)api) },
            _ => "user.exec: .*no credential plugin inside slurmctld",
            async site =>
            {
                var status = (await site.Tool.RunAsync("status", "--output", "json")).EnsureSucceeded();
                Assert.That(status.StandardOutput, Does.Contain("\"n1\""));
            }
        );

    // Jobs start at once: there is nothing to wait for.
    private static Task RefusedAsync(SiteOptions options, Func<Site, string> line, Func<Site, Task>? more = null) =>
        Sites.WithAsync(
            options with
            {
                Nodes = 1,
            },
            async site =>
            {
                await using var pings = new PingWatch(site.Slurm);
                await site.Slurm.Controller.WaitForLogAsync($"error: bebida: .*{line(site)}");
                (await site.Slurm.RunAsync("srun", ["-N1", "true"])).EnsureSucceeded();
                Assert.That(await site.UnschedulableAsync(), Is.Empty);
                if (more is not null)
                    await more(site);
                await pings.AssertAsync();
            }
        );

    private static string CredentialPlugin(EmbeddedApiServer api)
    {
        const string token = "from-a-plugin";
        api.AddToken(token, "bebida");
        var path = api.WriteTokenKubeconfig(token);
        var script = path + ".sh";
        File.WriteAllText(
            script,
            $$$"""
            #!/bin/sh
            echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "{{{token}}}"}}'

            """
        );
        File.SetUnixFileMode(script, (UnixFileMode)0b111_000_000);
        var text = File.ReadAllText(path);
        var with = Regex.Replace(
            text,
            @"(?m)^(\s*)(- )?token: .*$",
            $"$1$2exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: {script}}}"
        );
        Assert.That(with, Is.Not.EqualTo(text), "the kubeconfig has no token to replace");
        File.WriteAllText(path, with);
        return path;
    }
}
