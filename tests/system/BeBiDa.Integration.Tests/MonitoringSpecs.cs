using System.Text.Json;

namespace BeBiDa.Site.Tests;

/// <summary>What an admin sees of a site in Prometheus: the textfile that slurmctld writes, read, stored and asked for by real programs.</summary>
internal sealed class MonitoringSpecs
{
    private static readonly TimeSpan Patience = Eventually.Patience;
    private static readonly string Packaging = Path.Combine(PluginBuild.RepositoryRoot(), "packaging");

    [Test]
    public async Task Every_query_of_the_dashboard_returns_data_and_every_alert_rule_is_evaluated()
    {
        if (!PrometheusServer.IsInstalled)
            Assert.Ignore("Debian's prometheus and prometheus-node-exporter are not installed (tests/setup.sh does it)");
        var folder = Directory.CreateTempSubdirectory("bebida-prometheus-").FullName;
        var textfiles = Directory.CreateDirectory(Path.Combine(folder, "textfiles")).FullName;
        await Sites.WithAsync(
            new SiteOptions
            {
                Nodes = 2,
                Configuration = $"metrics:\n  textfile: {textfiles}/bebida.prom\ncontroller:\n  reconcileInterval: 1s\n",
            },
            async site =>
            {
                await using var prometheus = await PrometheusServer.StartAsync(
                    folder,
                    textfiles,
                    Path.Combine(Packaging, "prometheus", "bebida.rules.yml")
                );
                await Workloads.FillAsync(site.Client, 2);
                // A histogram begins with its first hand-over, and what has grown is seen from the second on.
                for (var jobs = 1; jobs <= 2; jobs++)
                {
                    (await site.Slurm.RunAsync("srun", ["-N1", "true"])).EnsureSucceeded();
                    var so = jobs;
                    await Eventually.HoldsAsync(
                        $"Prometheus knows of {so} jobs",
                        Patience,
                        async cancel =>
                            await prometheus.ValueAsync("bebida_hand_over_duration_seconds_count{direction=\"recommission\"}", cancel) == so
                    );
                }

                var empty = Queries().ToList();
                Assert.That(empty, Has.Count.GreaterThan(15));
                await Eventually.HoldsAsync(
                    "every query returns data",
                    Patience,
                    async cancel =>
                    {
                        foreach (var query in empty.ToList())
                            if ((await prometheus.QueryAsync(query, cancel)).Count > 0)
                                empty.Remove(query);
                        return empty.Count == 0;
                    },
                    explain: () => $"Without data: {string.Join('\n', empty)}"
                );
                Assert.That(await prometheus.ValueAsync("sum(bebida_hand_overs_total{outcome=\"done\"})"), Is.EqualTo(4));
                Assert.That(await prometheus.ValueAsync("bebida_pods_evicted_total"), Is.GreaterThan(0));
                Assert.That(await prometheus.ValueAsync("sum(node_textfile_scrape_error)"), Is.Zero);

                await Eventually.HoldsAsync(
                    "all rules are evaluated",
                    Patience,
                    async cancel => (await prometheus.RulesAsync(cancel)).All(r => r.Health != "unknown")
                );
                Assert.That(
                    (await prometheus.RulesAsync(default)).Select(r => (r.Health, r.Problem)),
                    Has.All.EqualTo(("ok", "")).And.Exactly(7).Items
                );
            }
        );
        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public async Task Kubernetes_that_does_not_answer_is_seen_as_away_and_a_job_that_started_all_the_same_as_overdue()
    {
        var folder = Directory.CreateTempSubdirectory("bebida-metrics-").FullName;
        var file = Path.Combine(folder, "bebida.prom");
        await Sites.WithAsync(
            new SiteOptions
            {
                Nodes = 1,
                Configuration =
                    $"metrics:\n  textfile: {file}\ncontroller:\n  deadline: 2s\neviction:\n  deadline: 1s\n  gracePeriod: 0s\n",
            },
            async site =>
            {
                await Eventually.HoldsAsync(
                    "holds were compared",
                    Patience,
                    _ => Task.FromResult(Shows(file, "^bebida_nodes\\{owner=\"kubernetes\"\\} 1$"))
                );
                await site.EmbeddedApi.StopAsync();
                (await site.Slurm.RunAsync("srun", ["-N1", "true"])).EnsureSucceeded();
                await Eventually.HoldsAsync(
                    "it is seen",
                    Patience,
                    _ =>
                        Task.FromResult(
                            Shows(file, "^bebida_hand_overs_total\\{direction=\"decommission\",outcome=\"overdue\"\\} 1$")
                                && Shows(file, "^bebida_kubernetes_away_seconds [1-9]")
                        )
                );
                await site.EmbeddedApi.RestartAsync();
                await Eventually.HoldsAsync(
                    "it is back",
                    Patience,
                    _ =>
                        Task.FromResult(Shows(file, "^bebida_kubernetes_away_seconds 0$") && Shows(file, "^bebida_hand_overs_under_way 0$"))
                );
            }
        );
        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public async Task A_folder_that_cannot_be_written_to_is_one_line_in_the_log_and_jobs_run()
    {
        await Sites.WithAsync(
            new SiteOptions { Nodes = 1, Configuration = "metrics:\n  textfile: /proc/bebida.prom\n" },
            async site =>
            {
                for (var jobs = 0; jobs < 2; jobs++)
                    (await site.Slurm.RunAsync("srun", ["-N1", "true"])).EnsureSucceeded();
                await site.Slurm.Controller.WaitForLogAsync(" event=recommission outcome=done job=2 ");
                Assert.That(
                    site.Slurm.Controller.ReadLog().Split('\n').Where(l => l.Contains("error: bebida", StringComparison.Ordinal)),
                    Has.One.Contains("metrics.textfile: cannot write /proc/bebida.prom; ").And.Exactly(1).Items
                );
            }
        );
    }

    private static bool Shows(string file, string pattern) =>
        File.Exists(file) && System.Text.RegularExpressions.Regex.IsMatch(File.ReadAllText(file), $"(?m){pattern}");

    // As Grafana asks them, with its variables in place.
    private static IEnumerable<string> Queries()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Packaging, "grafana", "bebida.json")));
        foreach (var panel in dashboard.RootElement.GetProperty("panels").EnumerateArray())
        foreach (var target in panel.GetProperty("targets").EnumerateArray())
        {
            var query = target
                .GetProperty("expr")
                .GetString()!
                .Replace("$__rate_interval", "1m", StringComparison.Ordinal)
                .Replace("$instance", ".+", StringComparison.Ordinal);
            Assert.That(query, Does.Not.Contain("$"), "a variable that this test does not know");
            yield return query;
        }
    }
}
